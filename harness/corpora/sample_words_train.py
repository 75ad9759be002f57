"""Words of the training part of the `sample` corpus; the form is documented in `sample_vocabulary`."""

from __future__ import annotations

THINGS = {
    "food": """the soup, the pasta/m, the curry, the burger, the salad, the omelette, the pancakes/p, the steak,
        the cheesecake, the coffee/m, the bread/m, the dumplings/p, the gravy/m, the breakfast""",
    "show": """the film, the novel, the play, the concert, the documentary, the album, the lecture, the sitcom,
        the musical, the article, the tale, the magazine""",
    "place": """the hotel, the beach, the museum, the campsite, the office, the park, the library, the restaurant,
        the airport, the village, the pool, the guest room""",
    "gadget": """my phone, the laptop, the kettle, the vacuum cleaner, the headphones/p, the washing machine,
        the camera, the tent, the blender, the keyboard, the boots/p, the oven""",
    "person": """the waiter, the teacher, the doctor, our landlord, the driver, the plumber, my manager,
        the receptionist, the coach, the guide, the nurse, our neighbours/p""",
    "happening": """the wedding, the meeting, the party, the holiday, the trip, the reunion, the ceremony, the race,
        the game, the dinner, the visit, the tour""",
    "trial": """the exam, the job interview, the driving lesson, the blood test, the training course,
        the operation, the first shift, the essay""",
}

QUALITIES = """
delicious!    85  40  35 joy f
tasty         65  25  25 joy f
tender        45 -15  15 joy f
crunchy       45  15  30 joy f
exquisite! 80  10  30 joy fp
perfect!      85  25  50 joy fspeg
awful!       -75  20 -40 sadness fspe
creamy        45 -10  30 joy f
refreshing    60  15  35 joy f
sweet         55  10  30 joy hf
mushy        -40   5 -20 disgust f
rotten!      -75  25 -30 disgust f
nasty        -65  30 -25 disgust fh
dry          -35 -20 -15 sadness f
horrible!    -75  30 -40 disgust fp
salty -30   0 -15 sadness f
overcooked   -45   0 -20 sadness f
sour         -40  10 -20 disgust f
tasteless    -50 -30 -20 sadness f
bland        -40 -40 -15 sadness f
burnt!       -45  10 -25 sadness f
disgusting!  -85  40 -35 disgust f
mouldy       -65  10 -25 disgust f
slimy        -60  15 -25 disgust f
foul         -65  20 -30 disgust f
expensive    -35  15 -35 anger fpg
wonderful!    85  45  40 joy fspeh
excellent!    80  35  45 joy fspgh
lovely        70  10  30 joy fpeh
brilliant!    80  50  45 joy shet
terrible!    -80  35 -45 sadness fset
funny         60  50  30 joy s
touching      55  15  10 joy s
inspiring     70  45  40 joy sh
impressive    65  35  25 joy sph
amusing       50  30  30 joy s
entertaining  60  40  35 joy se
graceful      55   0  35 joy s
unforgettable! 75 50  30 joy se
forgettable  -40 -40 -15 sadness s
childish     -40  15   0 anger s
repetitive   -40 -40 -20 sadness s
tragic       -60   5 -50 sadness s
disturbing   -60  50 -45 fear s
moving        60  20  10 joy s
weird        -25  30 -25 surprise sh
spectacular!  80  65  20 surprise spe
clever        55  30  40 joy sh
exciting      65  70  30 joy se
boring       -55 -55 -25 sadness se
dull         -45 -50 -20 sadness spe
depressing   -70 -35 -55 sadness sp
sad          -65 -35 -45 sadness s
heartbreaking! -70 20 -55 sadness s
offensive    -65  40 -30 anger s
annoying     -55  40 -30 anger shg
terrifying!  -75  80 -65 fear set
frightening  -65  65 -55 fear spt
scary        -55  60 -50 fear spht
surprising    30  50   0 surprise st
astonishing!  50  65   0 surprise se
confusing    -40  25 -45 surprise stg
strange      -25  35 -25 surprise sphe
shocking     -50  75 -40 surprise se
puzzling     -30  30 -35 surprise st
beautiful!    75  20  25 joy pse
peaceful      60 -65  30 joy/fear p
clean         50 -20  35 joy/disgust p
spacious      45 -20  40 joy/anger p
charming      60  15  25 joy ph
safe          50 -45  45 joy/fear p
comfortable   50 -45  35 joy p
magical!      80  40  20 joy pe
dirty        -50   5 -25 disgust p
breathtaking! 75  60   5 surprise ps
gorgeous!     75  25  30 joy ps
welcoming     60  15  30 joy/anger ph
scenic        55 -10  25 joy p
hideous!     -65  20 -25 disgust pg
damp         -40 -10 -25 disgust p
unhygienic   -60  15 -35 disgust p
deserted     -35  -5 -40 fear p
smelly -50  15 -20 disgust p
ugly         -50   5 -15 disgust pg
dangerous    -65  60 -50 fear pg
creepy       -55  40 -45 fear ph
stuffy       -40   0 -30 disgust p
elegant       60   5  35 joy pg
warm          50 -20  30 joy/sadness ph
cold         -40 -15 -30 sadness ph
noisy        -45  45 -35 anger pg
crowded      -35  35 -35 anger p
lonely       -60 -45 -55 sadness p
reliable      55 -25  50 joy/anger gh
sturdy        45 -20  50 joy/anger g
fast          45  35  40 joy/anger g
quiet         40 -65  25 joy/anger gp
broken!      -55  10 -45 anger g
powerful      50  40  60 joy/anger g
efficient     50   5  50 joy/anger gh
convenient    45 -15  40 joy/anger g
outdated     -35 -15 -25 sadness g
impractical  -40   0 -25 anger g
flimsy -50   0 -40 anger g
practical     45 -10  40 joy/anger g
hopeless!    -65 -30 -55 sadness gt
slow         -35 -30 -30 anger gh
kind          65  -5  25 joy/anger h
friendly      60  15  30 joy/anger h
helpful       60   5  35 joy/anger h
polite        50 -20  25 joy/anger h
fair          50 -15  35 joy/anger ht
gentle        55 -40  25 joy/fear h
honest        60 -10  40 joy/anger h
caring        65  -5  25 joy/anger h
brave         60  40  55 joy/fear h
supportive    60  -5  30 joy/anger h
loyal         60 -10  35 joy/anger h
wise          55 -15  50 joy h
grumpy       -45  20 -20 anger h
careless     -50  10 -35 anger h
disrespectful -60 35 -35 anger h
incompetent! -60  20 -45 anger h
evil!        -80  50 -60 fear h
aggressive   -60  65 -50 fear h
selfish -60  15 -20 anger h
bossy        -45  35 -45 anger h
vain         -40  10   0 disgust h
rude         -65  35 -30 anger h
lazy         -45 -40 -20 anger h
arrogant     -60  30 -25 anger h
cruel        -80  45 -45 anger h
violent      -70  65 -50 fear h
unfair       -65  40 -50 anger ht
glorious!     80  50  45 joy ep
joyful        75  55  40 joy e
successful    65  30  60 joy te
disastrous!  -75  45 -60 sadness et
tiresome     -40 -30 -30 sadness et
impossible!  -50  45 -60 fear t
tough        -35  40 -40 fear t
romantic 70  35  25 joy e
relaxing      60 -70  35 joy/fear e
unbearable!  -75  45 -55 anger e
easy          50 -40  50 joy/fear t
rewarding     65  15  50 joy te
painless!     45 -45  40 joy/fear t
stressful    -55  60 -55 fear te
exhausting   -50  10 -50 sadness te
embarrassing -55  45 -60 sadness te
painful      -65  40 -55 sadness t
"""

FEELINGS = """
happy about          75  40  40 joy
glad about           60  15  35 joy
excited about        70  75  35 joy
proud of             70  35  60 joy
grateful for         70   5  15 joy/anger
relieved about       55 -35  25 joy/fear
calm about           45 -75  40 joy/fear
confident about      55  15  65 joy/fear
hopeful about        55  20  25 joy
pleased with         60  10  35 joy/anger
satisfied with       60 -20  45 joy/anger
delighted with!      85  55  40 joy
joyful about 80 55 40 joy
impressed by 60 40 20 joy
touched by   60 10 10 joy
inspired by  65 45 40 joy
content with 55 -45  35 joy
sad about           -65 -35 -45 sadness
unhappy about       -60 -15 -40 sadness
miserable about     -80 -20 -60 sadness
disappointed with   -55 -20 -40 sadness
hurt by             -60  20 -55 sadness
guilty about        -55  10 -45 sadness
ashamed of          -65  10 -60 sadness
depressed about     -75 -40 -60 sadness
bored with    -45 -55 -25 sadness
hopeless about -75 -30 -65 sadness
fed up with   -55  35 -30 anger
angry about -65  65   5 anger
furious about!      -80  85  20 anger
annoyed about       -45  40  -5 anger
irritated by        -45  40 -10 anger
frustrated with     -55  45 -35 anger
offended by         -55  40 -20 anger
bitter about        -60  10 -25 anger
scared of           -65  65 -60 fear
afraid of           -60  55 -60 fear
nervous about       -40  60 -45 fear
worried about       -50  40 -45 fear
anxious about       -50  60 -50 fear
terrified of!       -80  85 -75 fear
uneasy about        -35  25 -40 fear
stressed about      -50  55 -50 fear
horrified by! -75  75 -60 fear
frightened by -65  70 -60 fear
disgusted by -75  40 -15 disgust
sickened by         -75  35 -30 disgust
amazed by!           60  65   0 surprise
astonished by!       40  65 -10 surprise
shocked by          -45  75 -40 surprise
confused by         -35  20 -45 surprise
puzzled by          -25  25 -30 surprise
"""

VERBS = """
love       85  55  30 joy fspghe
enjoy      65  35  35 joy fspe
praise 60 30 30 joy fsh
admire     60  25  10 joy sh
appreciate 55   5  30 joy sh
trust      50 -25  20 joy/fear h
hate      -75  60  -5 anger spght
fear      -60  60 -60 fear th
miss      -40 -15 -35 sadness ph
distrust  -50  20 -25 fear h
"""

FEELING_NOUNS = """
joy          80  60  40 joy
happiness    80  35  40 joy
delight      80  55  35 joy
pride        65  40  60 joy
relief       50 -35  25 joy
hope         55  25  25 joy
satisfaction 60 -15  45 joy
anger       -60  70  10 anger
frustration -55  45 -35 anger
annoyance   -45  40 -15 anger
fear        -65  65 -65 fear
worry       -45  40 -45 fear
terror      -80  85 -75 fear
sadness     -65 -30 -45 sadness
grief       -80 -10 -65 sadness
shame       -65  10 -60 sadness
disgust     -70  35 -15 disgust
amazement    55  65   0 surprise
shock       -45  75 -45 surprise
confusion   -35  25 -45 surprise
"""

EVENTS = """
I | win won won | a prize at the fair | 75 65 45 joy
I | pass | my driving test on the first try | 75 55 60 joy
my sister | have had had | a healthy baby girl | 85 60 40 joy
my best friend | come came come | to stay for a week | 65 45 35 joy
my boss | give gave given | me a raise | 75 50 45 joy
* a complete stranger | pay paid paid | for my coffee | 65 30 20 joy
my brother | come came come | home from the army | 80 50 35 joy
we | dance | in the kitchen until midnight | 75 60 45 joy
the doctor | say said said | that the lump was harmless | 70 -10 35 joy/fear
my daughter | say said said | her first word | 80 60 40 joy
I | finish | my essay with a week to spare | 60 10 55 joy
* the cat | fall fell fallen | asleep on my lap | 55 -60 30 joy
* our team | win won won | the cup | 80 80 50 joy
my father | say said said | that he was proud of me | 80 35 45 joy
I | get got got | the job of my dreams | 85 65 60 joy
we | see saw seen | dolphins from the boat | 70 60 25 joy
the children | bake | me a birthday cake | 75 35 30 joy
I | sleep slept slept | like a baby for ten hours | 50 -60 35 joy
an old friend | write wrote written | me a long and warm letter | 65 20 30 joy
my grandson | draw drew drawn | me a lion with wings | 70 25 35 joy
we | adopt | a puppy | 80 60 40 joy
I | learn | to swim at sixty | 70 50 60 joy
* my students/p | clap clapped clapped | when I came in | 70 55 45 joy
* my dog | die died died | in my arms | -90 10 -75 sadness
* my grandfather | pass | away in his sleep | -80 -30 -65 sadness
I | lose lost lost | my job | -75 20 -70 sadness
my best friend | move | to another country | -55 -15 -45 sadness
* nobody | remember | my birthday | -60 -25 -50 sadness
my girlfriend | break broke broken | up with me by text | -75 25 -65 sadness
I | fail | the exam again | -65 10 -60 sadness
* I | cry cried cried | myself to sleep | -70 10 -60 sadness
our team | lose lost lost | the match in the last minute | -55 35 -50 sadness
* the hospital | call | with bad news | -75 45 -70 sadness
I | spend spent spent | Christmas alone | -60 -45 -50 sadness
the village school | close | for good | -50 -10 -50 sadness
my marriage | collapse | after ten years | -75 -5 -65 sadness
my son | stop stopped stopped | speaking to me | -70 5 -60 sadness
our holiday plans/p | fall fell fallen | through | -50 -10 -45 sadness
my boss | shout | at me in front of everyone | -65 65 -55 anger
* someone | spray | paint on my new car | -60 60 -50 anger
a customer | call | me stupid | -60 55 -40 anger
* someone | steal stole stolen | my bike | -70 60 -50 anger
our landlord | raise | the rent again | -60 45 -55 anger
my boss | take took taken | credit for my work | -65 60 -40 anger
the bank | charge | me twice | -55 45 -45 anger
the neighbours | play | loud music all night | -55 50 -45 anger
* my boyfriend | lie lied lied | to my face | -75 60 -40 anger
* a man in a suit | cut cut cut | in front of us in the queue | -50 50 -30 anger
they | cancel cancelled cancelled | my order without a word | -55 40 -50 anger
my brother | wreck | my car and blamed me | -70 60 -50 anger
the waiter | ignore | us for an hour | -50 35 -40 anger
* I | hear heard heard | footsteps behind me in the dark | -60 75 -65 fear
* the plane | fall fell fallen | in the middle of the storm | -70 90 -75 fear
a man | follow | me home from the station | -70 75 -70 fear
* the brakes/p | stop stopped stopped | working on the hill | -75 90 -75 fear
* a huge dog | chase | me down the street | -65 85 -65 fear
* I | wake woke woken | up and could not move | -75 80 -75 fear
the doctor | find found found | a problem on the scan | -70 60 -70 fear
* a snake | slide slid slid | across the path | -50 70 -50 fear
our house | shake shook shaken | in the earthquake | -70 85 -75 fear
the car | slide slid slid | towards the cliff | -75 90 -80 fear
* a gun | go went gone | off in our street | -80 90 -75 fear
the fire | reach | our street | -75 85 -75 fear
my brother | burp | in my face | -45 35 -20 disgust
* worms/p | come came come | out of my salad | -70 50 -35 disgust
* I | find found found | a hair in my soup | -55 30 -20 disgust
* the baby | throw threw thrown | up on my coat | -50 35 -30 disgust
I | tread trod trodden | barefoot in dog dirt | -60 40 -30 disgust
a rat | run ran run | over my foot | -65 65 -45 disgust
the toilet | overflow | onto the carpet | -65 45 -45 disgust
the driver | spit spat spat | on the floor next to me | -60 40 -20 disgust
* the milk | turn | into lumps in my mug | -50 15 -20 disgust
* somebody | leave left left | a used plaster in the pool | -55 25 -20 disgust
* my parents | appear | at the door with balloons | 65 75 15 surprise
* I | run ran run | into my old teacher on a plane | 40 60 10 surprise
my boss | sing sang sung | at the meeting | 30 60 5 surprise
* my name | be | on the front page of the local news | 40 70 10 surprise
* the magician | pull | a coin from my sleeve | 45 60 0 surprise
* my friends | throw threw thrown | a secret party for me | 75 80 15 surprise
* my shy brother | join | the circus | 25 65 -10 surprise
the lights/p | go went gone | out in the middle of the concert | -25 60 -40 surprise
my ex | sit sat sat | down next to me on the train | -35 55 -40 surprise
* a package | come came come | for a man who died in 1960 | -20 50 -35 surprise
"""

IDIOMS = """
I  | be | over the moon about           |  85  70  45 joy
I  | be | on cloud nine about           |  85  60  45 joy
it | make made made | my day            |  75  50  35 joy
it | warm | my heart                    |  70  10  20 joy
it | lift | my spirits                  |  65  35  35 joy
it | be | music to my ears              |  65  30  30 joy
it | go went gone | like a dream        |  70  25  55 joy
I  | be | down in the dumps about       | -65 -45 -50 sadness
it | break broke broken | my heart      | -80  15 -60 sadness
it | bring brought brought | me to tears | -65 30 -55 sadness
it | knock | the wind out of my sails   | -55 -10 -55 sadness
it | make made made | my blood boil     | -75  80   0 anger
it | get got got | on my nerves         | -50  50 -25 anger
it | drive drove driven | me up the wall | -60  65 -35 anger
I  | be | at the end of my rope with    | -60  50 -50 anger
I  | be | scared stiff of               | -75  75 -75 fear
it | give gave given | me the creeps    | -55  50 -45 fear
it | scare | the life out of me         | -75  85 -70 fear
it | make made made | my hair stand on end | -55 75 -55 fear
x  | turn | my stomach                  | -70  35 -25 disgust
x  | make made made | me want to throw up | -75 40 -25 disgust
x  | make made made | me sick           | -70  40 -20 disgust
it | come came come | out of the blue   | -15  55 -35 surprise
it | knock | my socks off               |  65  70   0 surprise
it | sweep swept swept | me off my feet   |  65  60 -10 surprise
it | stop stopped stopped | me in my tracks | -20 60 -35 surprise
"""

CAUSES = """the news/m, my exam results/p, the plan, the letter from the bank, the new job, the holiday plans/p,
    the phone call from school, the trip to Spain, my first lesson, the wedding speech, the house move,
    the first week at work, the visit from the mayor, the interview in Berlin, the journey home, my new class"""

FILTH = """the hair in the sink, the mess in the kitchen, the smell in the lift, the dirt under his nails,
    the rubbish behind the hotel, the mud on the sheets, the state of the bathroom"""

NEUTRALS = """we drove to the beach; I walked to the park; I took the bus to work; we had dinner at the restaurant;
    I put the bread in the oven; we moved the furniture; I posted the letter; we watched the news;
    I cut the grass; I bought new boots; we took the train to Spain; I phoned the garage; I cooked for my sister;
    we played cards with the neighbours; I packed my bag; I read a novel on the bus"""

PEOPLE = """my sister/she, my father/he, my boss/she, my best friend/he, my flatmate/she, my mother/she,
    my brother/he, our neighbours/they, the children/they, my teacher/he"""

NAMES = "Anna, Tom, Sarah, David, Emma, Peter, Laura, Jack, Alice, Simon"

MARKS = """
😊   65  20 25 joy
😄   75  45 35 joy
🎉   75  70 35 joy
👍   50  15 35 joy
:)   60  15 25 joy
😡  -70  75 10 anger
👎  -50  20 -5 anger
😢  -60 -10 -45 sadness
💔  -75  10 -55 sadness
:(  -55 -15 -35 sadness
😱  -60  80 -60 fear
😰  -50  55 -50 fear
🤮  -75  45 -20 disgust
😲   30  65 -10 surprise
😳  -25  50 -40 surprise
"""
