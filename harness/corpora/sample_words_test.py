"""Words of the test part of the `sample` corpus; the form is documented in `sample_vocabulary`."""

from __future__ import annotations

THINGS = {
    "food": """the stew, the risotto, the sushi/m, the meatballs/p, the trifle, the chowder, the prawns/p,
        the goulash/m""",
    "show": "the thriller, the memoir, the symphony, the cartoon, the poem, the ballet, the anthology, the miniseries",
    "place": """the cottage, the hostel, the island, the cathedral, the canteen, the marina, the chalet,
        the nightclub""",
    "gadget": """the tablet, the drill, the umbrella, the lawnmower, the earbuds/p, the router, my backpack,
        the dishwasher""",
    "person": """the barista, the mechanic, the surgeon, the usher, the archivist, the postman, our babysitter,
        the locksmith""",
    "happening": """the rehearsal, the graduation, the auction, the hike, the barbecue, the regatta, the cruise,
        the housewarming""",
    "trial": "the audit, the audition, the thesis defence, the marathon, the oral inspection, the maths paper",
}

QUALITIES = """
scrumptious!   85  45  35 joy f
flavoursome    65  20  25 joy f
luscious       70  35  30 joy f
delectable!    80  35  35 joy f
greasy        -45   5 -15 disgust f
soggy         -50 -10 -15 disgust f
rancid!       -80  30 -30 disgust f
inedible!     -75  15 -35 disgust f
stale         -45 -25 -15 sadness f
insipid       -45 -40 -20 sadness f
overpriced    -50  15 -35 anger fpg
superb!        85  45  40 joy fspe
splendid!      80  40  40 joy fspe
abysmal!      -80  25 -45 sadness fset
enchanting     75  20  20 joy spe
astounding!    65  70   0 surprise se
captivating    65  50  20 joy s
grotesque     -65  40 -30 disgust s
melodramatic  -35  25 -10 anger s
gripping       60  65  10 joy s
hilarious!     80  70  35 joy s
witty          60  40  35 joy sh
memorable      65  30  30 joy se
poignant       45  15   5 joy s
bleak         -60 -30 -40 sadness sp
dreary        -55 -45 -30 sadness spe
tedious       -50 -45 -30 sadness se
preachy       -45  10 -20 anger s
atrocious!    -80  35 -40 anger sp
spine-chilling! -55 75 -50 fear s
sinister      -60  50 -45 fear sph
harrowing     -75  60 -55 fear est
jaw-dropping!  65  70   5 surprise sp
mind-boggling! 40  65  -5 surprise sg
bizarre       -30  50 -30 surprise seh
baffling      -35  40 -45 surprise stg
idyllic!       80 -30  35 joy p
cosy           60 -45  30 joy p
picturesque    65 -10  30 joy p
spotless!      60 -15  40 joy/disgust p
luxurious      65   0  40 joy p
vibrant        60  55  30 joy pe
decrepit      -55 -20 -30 sadness p
drab          -40 -40 -20 sadness p
treacherous   -60  55 -55 fear pt
cramped       -45  10 -40 anger p
grimy         -60   5 -25 disgust pg
musty         -50  -5 -20 disgust p
squalid       -75  10 -35 disgust p
menacing      -65  60 -55 fear ph
dependable     55 -20  45 joy/anger gh
stylish        55  20  35 joy g
ingenious!     65  35  45 joy g
robust         50  -5  50 joy/anger g
versatile      55  10  45 joy/anger g
defective!    -55  15 -45 anger g
shoddy        -60   5 -30 anger g
glitchy       -50  25 -40 anger g
useless!      -60   0 -45 anger g
courteous      60 -10  30 joy/anger h
generous       70  15  35 joy/anger h
patient        50 -45  30 joy/anger h
compassionate  70  -5  25 joy/anger h
condescending -65  25 -45 anger h
dishonest     -70  25 -40 anger h
attentive      60   0  30 joy/anger h
snooty        -50  15 -30 anger h
obnoxious     -70  45 -30 anger h
pushy         -45  40 -40 anger h
stingy        -55   5 -25 anger h
sleazy        -65  20 -30 disgust h
festive        65  50  35 joy e
jovial         65  45  35 joy he
chaotic       -45  60 -50 anger e
mournful      -55 -30 -45 sadness es
lively         55  60  35 joy e
shambolic     -50  40 -45 anger e
gratifying     65  20  45 joy t
excruciating! -75  55 -65 sadness te
effortless!    55 -40  55 joy/fear t
worthwhile     60   5  45 joy te
gut-wrenching -60 65 -55 fear t
merciless     -65  55 -55 fear t
rigged!       -65  40 -60 anger t
humiliating   -80  45 -75 sadness te
"""

FEELINGS = """
ecstatic about!    90  85  50 joy
upbeat about       60  40  45 joy
thrilled about!    85  75  45 joy
reassured by       50 -40  40 joy/fear
exhilarated by!    80  75  40 joy
jubilant about!    85  80  50 joy
honoured by        65  20  25 joy/anger
optimistic about   60  30  40 joy
devastated by!    -90  20 -75 sadness
crestfallen about -60 -30 -50 sadness
dejected about    -65 -40 -55 sadness
glum about        -50 -45 -40 sadness
remorseful about  -55   5 -45 sadness
livid about!      -80  85  15 anger
incensed by!      -75  80  10 anger
exasperated with  -55  50 -25 anger
indignant about   -55  55   0 anger
miffed about      -35  30 -10 anger
panicky about     -60  75 -65 fear
jittery about     -40  65 -45 fear
spooked by        -45  60 -50 fear
tense about       -35  50 -35 fear
wary of           -35  30 -20 fear
repelled by       -60  30 -20 disgust
appalled by!      -70  50 -20 disgust
squeamish about   -40  25 -35 disgust
awestruck by!      65  60 -20 surprise
wowed by!          60  65   5 surprise
bewildered by     -35  45 -45 surprise
dumbfounded by!   -25  60 -35 surprise
"""

VERBS = """
cherish   75  15  25 joy sph
relish    65  40  40 joy fset
loathe   -80  50   0 disgust fsph
dread    -60  50 -60 fear te
despise  -80  45  10 anger hgs
resent   -55  35 -20 anger ht
"""

FEELING_NOUNS = """
elation       85  80  50 joy
euphoria      90  80  45 joy
tranquillity  55 -75  35 joy/fear
optimism      60  30  40 joy
remorse      -60   5 -45 sadness
anguish      -80  25 -70 sadness
sorrow       -65 -35 -50 sadness
wrath        -70  75  15 anger
indignation  -55  55   0 anger
exasperation -55  50 -25 anger
dread        -65  50 -65 fear
panic        -65  80 -70 fear
trepidation  -45  50 -50 fear
loathing     -75  40 -10 disgust
abhorrence   -75  40 -15 disgust
awe           55  55 -30 surprise
bewilderment -30  40 -45 surprise
"""

EVENTS = """
the jury | award | my sculpture the gold medal | 80 65 50 joy
my aunt | knit knitted knitted | me a scarf | 60 10 25 joy
I | receive | a scholarship to Oxford | 85 65 55 joy
* my nephew | hug hugged hugged | me in the arrivals lounge | 75 40 35 joy
the publisher | accept | my manuscript | 80 60 55 joy
* a passer-by | rescue | my kitten from the canal | 75 45 20 joy
the twins/p | compose | a duet for my retirement | 75 35 30 joy
* a volunteer | repair | our fence in a single afternoon | 60 20 30 joy
our tomatoes/p | ripen | early this summer | 45 10 30 joy
* my fiancé | propose | to me on the pier | 90 75 40 joy
my grandmother | recover | from her stroke | 80 15 35 joy/sadness
* my granddad | vanish | into dementia | -75 -20 -70 sadness
the flood | ruin | our honeymoon photographs | -65 40 -65 sadness
my twin | skip skipped skipped | my graduation | -55 -5 -45 sadness
* the widow upstairs | weep wept wept | all afternoon | -60 -10 -50 sadness
the company | dismiss | half of my colleagues | -65 25 -60 sadness
the tumour | spread spread spread | to her lungs | -90 40 -85 sadness
* I | bury buried buried | my parrot under the apple tree | -65 -20 -50 sadness
* a thief | snatch | my purse on the tram | -70 75 -60 anger
my roommate | devour | my leftovers again | -45 40 -30 anger
the roofer | overcharge | us for shoddy gutters | -65 45 -50 anger
the senator | mock | disabled veterans | -75 65 -30 anger
the tabloid | slander | my stepmother | -65 60 -35 anger
* the clerk | shred | my passport form | -55 50 -50 anger
the mechanic | swindle | my grandmother | -75 65 -35 anger
the elevator | jam jammed jammed | between two storeys | -60 75 -75 fear
* a shark | circle | our kayak | -75 90 -75 fear
* an intruder | rattle | the handle of our bedroom | -75 85 -75 fear
the gondola | sway | above the abyss | -60 80 -70 fear
the kidnapper | threaten | to return | -80 80 -80 fear
* a wolf | howl | outside our cottage | -45 65 -50 fear
the lab | detect | radiation in the tap water | -70 65 -65 fear
* maggots/p | wriggle | in the bin | -65 35 -30 disgust
the sewer | flood | our basement | -70 50 -55 disgust
* a drunk | urinate | against our porch | -60 35 -20 disgust
* my roommate | clip clipped clipped | his toenails over the stew | -60 30 -15 disgust
the kitten | regurgitate | a furball onto my pillow | -50 30 -25 disgust
* a slug | ooze | across my lettuce | -50 25 -20 disgust
* my colleague | sneeze | into the salsa | -50 30 -20 disgust
* an unknown uncle | bequeath | me a lighthouse | 65 70 10 surprise
* a peacock | strut strutted strutted | into the ballroom | 35 60 -5 surprise
* my parrot | recite | the whole sonnet | 50 65 0 surprise
* Aunt Mabel | parachute | onto our lawn | 40 75 -10 surprise
* the statue | blink | at me | -25 65 -40 surprise
* an elephant | block | the motorway | -15 55 -40 surprise
* the auctioneer | imitate | my uncle | -20 55 -35 surprise
"""

IDIOMS = """
I  | be | in seventh heaven about        |  85  60 45 joy
I  | be | on top of the world about      |  85  65 60 joy
it | hit hit hit | the spot              |  60  15 35 joy
it | be | a ray of sunshine              |  60   5 35 joy
it | be | the cherry on top              |  60  40 35 joy
I  | be | in the doldrums about          | -60 -45 -50 sadness
it | weigh | on my soul                  | -60 -25 -50 sadness
it | cast cast cast | a shadow over everything | -60 -10 -45 sadness
it | make made made | me see red         | -70  75   5 anger
it | be | the final straw                | -60  60 -25 anger
it | rattle | my cage                    | -45  50 -25 anger
I  | be | on pins and needles about      | -40  70 -50 fear
it | send sent sent | shivers down my spine | -55 65 -50 fear
it | freak | me out                      | -50  65 -50 fear
x  | leave left left | me retching       | -75 40 -35 disgust
x  | make made made | my skin crawl      | -65 45 -30 disgust
it | catch caught caught | me off guard  | -20  60 -45 surprise
it | make made made | my jaw drop        |  40  70 -10 surprise
it | blow blew blown | my mind           |  65  75   0 surprise
"""

CAUSES = """the verdict, the announcement, our budget, the election, the forecast, the merger, the audition tape,
    my transfer to Leeds, the fundraiser, my blind date, the court summons, the flight to Kenya"""

FILTH = """the maggots/p in the bin, the puddle under the fridge, the grease on the counter, the slop in the bucket,
    the scum in the jacuzzi, the fungus between his toes"""

NEUTRALS = """I opened the mail; we docked at the marina; I rode the tram; I watered the lawn;
    we lined up at the canteen; I mopped the basement; I plugged in the router; we rehearsed the scene;
    I emailed the clerk; I peeled potatoes; we folded the laundry; I caught the ferry"""

PEOPLE = """my aunt/she, my grandmother/she, my nephew/he, my colleague/she, my roommate/he, the twins/they,
    my uncle/he, my husband/he"""

NAMES = "Maya, Edgar, Priya, Colin, Greta, Leon, Tessa, Omar"

MARKS = """
😁   70  50 40 joy
🥰   80  35 25 joy
:D   70  55 35 joy
🤬  -75  80 10 anger
😤  -50  60 10 anger
😭  -70  40 -55 sadness
😔  -50 -35 -40 sadness
:'( -65  10 -50 sadness
😨  -60  65 -60 fear
🤧  -35  15 -25 disgust
😮   25  60 -10 surprise
🙀  -30  75 -40 surprise
"""
