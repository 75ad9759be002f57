"""Words of the development part of the `sample` corpus; the form is documented in `sample_vocabulary`."""

from __future__ import annotations

THINGS = {
    "food": "the lasagne/m, the porridge/m, the sandwich, the muffins/p, the tea/m, the custard/m",
    "show": "the opera, the podcast, the comic, the exhibition, the sequel, the drama",
    "place": "the penthouse, the harbour, the gym, the castle, the bakery, the motel",
    "gadget": "the printer, the bicycle, the toaster, the speakers/p, my wristwatch, the scooter",
    "person": "the dentist, the cashier, my tutor, the lawyer, the builders/p, our host",
    "happening": "the picnic, the seminar, the banquet, the voyage, the anniversary, the carnival",
    "trial": "the quiz, the medical, the spelling contest, the treadmill workout",
}

QUALITIES = """
yummy           70  35  30 joy f
juicy           50  20  25 joy f
doughy -35 -20 -20 sadness f
curdled -50  10 -20 disgust f
nauseating!    -80  35 -45 disgust f
putrid!        -80  25 -35 disgust f
marvellous!     80  40  40 joy fspe
fantastic!      85  60  45 joy sepgf
underwhelming -50 -25 -45 sadness fsetg
pleasant        55 -15  30 joy peh
uplifting       70  35  40 joy se
sumptuous       70  20  30 joy fp
lacklustre     -45 -40 -30 sadness se
vulgar         -50  25 -20 disgust sh
rickety        -45  25 -40 fear g
callous        -70  15 -35 anger h
monotonous     -45 -55 -25 sadness se
gloomy         -55 -40 -35 sadness ps
insulting      -65  45 -40 anger sh
eerie          -45  45 -45 fear ps
stunning!       75  60  15 surprise spe
startling      -25  70 -35 surprise se
odd            -20  25 -20 surprise sh
serene          60 -70  35 joy p
tidy            40 -25  40 joy/disgust p
filthy         -70  15 -35 disgust pg
hazardous      -55  50 -45 fear pg
durable         50 -20  45 joy/anger g
handy           50  10  40 joy/anger g
faulty         -55  15 -45 anger g
clumsy         -40  15 -35 anger gh
considerate     60 -10  30 joy/anger h
trustworthy     60 -20  40 joy/anger h
cheerful        65  40  40 joy he
hostile        -70  45 -35 anger h
greedy         -60  20 -20 anger h
ghastly!       -75  35 -40 disgust fpe
straightforward 45 -35  50 joy/fear t
gruelling      -50  30 -50 sadness te
daunting       -45  50 -55 fear t
"""

FEELINGS = """
thankful for       65   0  15 joy/anger
enthusiastic about 65  60  40 joy
overjoyed about!   90  75  45 joy
cheerful about     65  40  40 joy
gloomy about      -55 -40 -35 sadness
discouraged by    -50 -20 -50 sadness
sorry about       -45 -10 -35 sadness
outraged by!      -80  80  10 anger
aggrieved by      -60  30 -20 anger
cross about       -45  45   0 anger
petrified of!     -80  75 -80 fear
alarmed by        -55  70 -45 fear
apprehensive about -40 45 -45 fear
nauseated by      -65  30 -45 disgust
revolted by!      -75  45 -20 disgust
startled by       -30  70 -40 surprise
dazzled by         60  60   0 surprise
"""

VERBS = """
adore     85  45  25 joy fsphe
savour    65   5  35 joy fe
treasure  70  15  25 joy sp
detest   -75  50   0 anger fsph
dislike  -50  25 -10 anger fspg
"""

FEELING_NOUNS = """
glee        75  65  45 joy
bliss       80  10  40 joy
cheer       65  45  40 joy
gratitude   65   5  15 joy/anger
despair    -80  -5 -75 sadness
gloom      -55 -40 -40 sadness
outrage    -75  75  15 anger
hostility -60  30 -20 anger
alarm      -55  75 -50 fear
nausea     -60  25 -45 disgust
revulsion  -75  40 -20 disgust
perplexity -25  25 -35 surprise
"""

EVENTS = """
the council | approve | our playground | 60 35 40 joy
I | earn | my diploma in physics | 75 50 60 joy
* a tiny robin | perch | on my windowsill | 55 10 15 joy
the chef | show showed shown | me her pie recipe | 65 10 35 joy
the vet | cure | our rabbit | 70 20 25 joy/sadness
my cousin | invite | me to her cabin | 60 40 30 joy
the orchard | burn burned burned | to the ground | -70 55 -65 sadness
* my goldfish | float | belly up in its bowl | -55 -5 -45 sadness
the choir | turn | me down | -60 5 -55 sadness
a courier | dent | my gate and sped off | -55 50 -40 anger
the airline | misplace | our suitcases | -60 45 -60 anger
the referee | favour | the other side | -55 60 -50 anger
* a bear | sniff | at our campfire | -60 85 -65 fear
the ladder | wobble | while I was on it | -60 80 -65 fear
* a hooded figure | loom | at the cellar window | -70 80 -70 fear
* a cockroach | scuttle | out of my sandwich | -75 50 -40 disgust
the drain | leak | brown sludge over the tiles | -60 30 -40 disgust
* the hamster | chew | on a dead moth | -45 20 -20 disgust
* a celebrity | greet | me by my nickname | 60 75 5 surprise
* a violinist | pop popped popped | out of the wardrobe and serenaded me | 45 70 -5 surprise
* the vicar | arrive | on a unicycle | 30 60 -5 surprise
* my signature | fade faded faded | from the contract | -35 55 -45 surprise
"""

IDIOMS = """
it | be | a feather in my cap           |  60  35  50 joy
it | tickle | me pink                   |  70  50  30 joy
it | put put put | a spring in my step  |  65  45  45 joy
I  | be | down in the mouth about       | -60 -45 -45 sadness
it | dampen | my enthusiasm             | -50 -35 -40 sadness
it | ruffle | my feathers               | -45 45 -15 anger
it | rub rubbed rubbed | me up the wrong way | -45 40 -20 anger
I  | be | trembling like a leaf before    | -65 75 -70 fear
it | haunt | me at night | -55 40 -50 fear
x  | make made made | me queasy         | -60 40 -25 disgust
x  | make made made | me gag            | -70 45 -25 disgust
it | leave left left | me scratching my head | -20 20 -30 surprise
it | leave left left | me wide-eyed     |  45 60 -5 surprise
"""

CAUSES = """the decision, the timetable, my haircut, the invitation, the rumour, the voyage to Norway,
    my turn on stage, the contract, the gig in Prague"""

FILTH = """the stains on the mattress, the stench in the stairwell, the crumbs in his beard, the mildew on the curtains,
    the gunk in the drain"""

NEUTRALS = """we paddled a canoe; I polished the piano; I printed the timetable; we crossed the harbour;
    I typed a memo; we tossed crumbs to the ducks; I ironed my shirts; we climbed the castle tower"""

PEOPLE = "my cousin/she, my tutor/he, our host/she, my wife/she, my godfather/he, the choir/they"

NAMES = "Nora, Felix, Ruth, Oscar, Ivy, Hugo"

MARKS = """
😃   70  45 35 joy
❤️   75  35 25 joy
:-)  60  15 25 joy
😠  -60  60  5 anger
😞  -55 -30 -40 sadness
:-( -55 -15 -35 sadness
😧  -45  50 -50 fear
🤢  -65  30 -25 disgust
🤯   30  75 -15 surprise
"""
