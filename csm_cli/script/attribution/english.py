"""Words of English, by kind: verbs of speech, pronouns, titles, first names; separated by white space."""

from __future__ import annotations

ENGLISH = {
    "verbs": """
        said says say asked asks ask replied replies reply answered answers answer cried cries cry called
        calls shouted shouts whispered whispers murmured murmurs muttered mutters added adds began begins
        continued continues exclaimed exclaims explained explains insisted insists laughed laughs sighed
        sighs snapped snaps growled growls hissed hisses repeated repeats returned returns remarked remarks
        observed observes told tells thought thinks agreed agrees admitted admits announced announces
        declared declares demanded demands interrupted interrupts protested protests screamed screams yelled
        yells groaned groans gasped gasps warned warns wondered wonders breathed breathes inquired inquires
        enquired enquires responded responds rejoined retorted retorts ejaculated sobbed sobs wept moaned
        moans wailed wails whimpered whined whines grumbled grumbles grunted grunts barked barks bellowed
        bellows roared roars thundered boomed blurted babbled stammered stammers stuttered faltered mumbled
        mumbles croaked croaks rasped drawled drawls purred cooed chirped squeaked squealed shrieked shrieks
        screeched howled cackled chuckled chuckles giggled giggles sniffed sniffs snorted snorts sneered
        sneers jeered mocked teased joked quipped bragged boasted suggested suggests proposed proposes
        offered offers urged urges begged begs pleaded pleads implored entreated beseeched besought prayed
        ordered orders commanded commands directed instructed bade bid promised promises vowed swore swears
        assured assures affirmed asserted maintained claimed argued argues reasoned objected objects
        countered conceded confessed confesses confirmed confided acknowledged allowed ventured hazarded
        guessed supposed mused muses reflected pondered pronounced proclaimed stated states reported reports
        related recited quoted quoth counselled advised advises reminded reminds cautioned threatened chided
        scolded rebuked reproached scoffed spat lied echoed echoes corrected corrects concluded concludes
        finished finishes ended resumed resumes pursued proceeded persisted persists broke chimed piped
        interposed interjected volunteered apologised apologized thanked greeted congratulated complained
        complains cursed lamented bawled hollered hailed sang sings crooned read reads noted notes commented
        comments queried queries questioned prompted pressed pointed put went came cut smiled smiles grinned
        beamed nodded shrugged frowned winced panted puffed wheezed coughed choked gulped hooted rumbled
        spoke speaks opined imagined speculated predicted recalled remembered recollected translated
        clarified summarised amended emphasised stressed specified lisped simpered fumed raged stormed
        railed exploded expostulated remonstrated ruled decided cheered goaded quavered trilled warbled
        whooped yelped yapped
    """,
    "he": "he",
    "she": "she",
    "they": "they we both all everybody everyone",
    "first": "i",
    "his": "his him himself",
    "her": "her hers herself",
    "definite": "the this that",
    "determiners": """
        a an his her my our their its your one some somebody someone another every each no nobody no-one
        several two three four five six many few any either neither another's
    """,
    "ends": """
        and or but of in on at to from with without by for as who whom whose which that when while if over
        under into onto through after before behind beside between against across about around up down out
        off near because so then than where until till upon again back was were is are had has
    """,
    "adverbs": """
        then now again also once soon next only just simply almost still even never always often at last
        first too thus here finally out up on in back away along over aloud
    """,
    "adjectives": """
        old young little poor dear good big fat honest tall small gentle brave wise stout fair lovely
        unhappy wretched faithful worthy great mad lame blind black red white pretty cousin
    """,
    "male_titles": """
        Mr Mr. Sir Lord Master Uncle Father Brother King Prince Duke Count Baron Earl Monsieur Don Signor
        Señor Herr Grandpa Grandfather Squire Abbé Père Monsignor Friar Emperor Viscount Esquire
    """,
    "female_titles": """
        Mrs Mrs. Ms Ms. Miss Lady Aunt Auntie Mother Sister Queen Princess Duchess Countess Baroness Madame
        Madam Mademoiselle Mme Mlle Doña Signora Señora Señorita Frau Fräulein Dame Granny Grandma
        Grandmother Nurse Empress
    """,
    "titles": """
        Dr Dr. Doctor Captain Capt Capt. Colonel Col. Major General Sergeant Sgt Corporal Lieutenant Lt.
        Admiral Commander Commodore Private Professor Prof Prof. Inspector Detective Constable Officer
        Sheriff Judge Justice President Senator Governor Mayor Minister Reverend Rev Rev. Bishop Archdeacon
        Archbishop Deacon Dean Cardinal Canon Pastor Rabbi Cousin Comrade Chief Coach Agent Superintendent
        Marshal St. Saint Old Young Little
    """,
    "ranks": """
        doctor=Dr captain=Captain colonel=Colonel major=Major general=General sergeant=Sergeant
        corporal=Corporal lieutenant=Lieutenant admiral=Admiral commander=Commander professor=Professor
        inspector=Inspector detective=Detective constable=Constable sheriff=Sheriff judge=Judge
        president=President senator=Senator governor=Governor mayor=Mayor reverend=Reverend bishop=Bishop
        archdeacon=Archdeacon archbishop=Archbishop priest=Father dean=Dean cardinal=Cardinal king=King
        queen=Queen prince=Prince princess=Princess duke=Duke duchess=Duchess count=Count countess=Countess
        baron=Baron baroness=Baroness earl=Earl squire=Squire pastor=Pastor rabbi=Rabbi nurse=Nurse
        uncle=Uncle aunt=Aunt grandpa=Grandpa granny=Granny emperor=Emperor superintendent=Superintendent
        marshal=Marshal
    """,
    "male_names": """
        Adam Alan Albert Alex Alexander Alfred Andrew Andy Anthony Archibald Arthur Ben Benjamin Bernard
        Bill Billy Bob Brian Charles Charlie Christopher Colin Daniel Dan David Dennis Dick Donald Douglas
        Ed Eddie Edgar Edmund Edward Edwin Eric Ernest Francis Frank Fred Frederick Geoffrey George Gerald
        Gilbert Giles Godfrey Graham Greg Guy Harold Harry Henry Herbert Horace Howard Hugh Ian Isaac Ivan
        Jack Jacob Jake James Jamie Jason Jeff Jeremy Jerry Jim Jimmy Joe John Johnny Jonah Jonathan Joseph
        Joshua Julian Keith Ken Kenneth Kevin Larry Laurence Lawrence Leo Leonard Lewis Lou Louis Luke Mark
        Martin Matt Matthew Max Michael Mick Mike Nathan Neil Ned Nicholas Nick Nigel Noah Norman Oliver
        Oscar Owen Patrick Paul Percy Peter Philip Phil Ralph Raymond Reginald Richard Robert Robin Roger
        Ronald Rupert Sam Samuel Sebastian Simon Stanley Stephen Steve Steven Ted Terence Theodore Thomas
        Tim Timothy Toby Tom Tommy Tony Victor Vincent Walter Will William Willie Sanjay Dev Raj Amir Ahmed
        Hassan Omar Ali Yusuf Ibrahim Kofi Kwame Chen Wei Kenji Hiro Diego Carlos Luis Pablo Marcus Darren
        Wayne Gary Craig Scott Kyle Tyler Ryan Brandon Justin Ethan Logan Mason Liam Connor Dylan Caleb
        Elijah Ezra Silas Amos Abel Cain Seth Jonas Josiah Ezekiel Hiram Cyrus Rufus Wade Clint Hank Chuck
        Earl Floyd Lloyd Vernon Virgil Homer Wilbur Orville Clarence Cecil Basil Clive Desmond Duncan Fergus
        Angus Hamish Callum Sean Seamus Declan Niall Brendan Boris Dmitri Sergei Pavel Pyotr Mikhail Alexei
        Nikolai Fyodor Lars Sven Olaf Erik Bjorn Gunnar Magnus Axel
    """,
    "female_names": """
        Abigail Ada Adelaide Agatha Agnes Alice Alison Amanda Amelia Amy Angela Ann Anna Anne Annie Barbara
        Beatrice Becky Bess Beth Betsy Betty Bridget Caroline Catherine Cathy Cecilia Charlotte Chloe Clara
        Claire Constance Cynthia Daisy Deborah Diana Dinah Dora Doris Dorothy Edith Eleanor Eliza Elizabeth
        Ella Ellen Elsie Emily Emma Esther Ethel Eva Eve Evelyn Fanny Fiona Flora Florence Frances Georgia
        Georgina Gertrude Grace Gwen Hannah Harriet Hatty Heather Helen Henrietta Hester Hilda Ida Irene
        Isabel Isabella Jane Janet Jean Jenny Jessica Jill Joan Joanna Josephine Joyce Judith Judy Julia
        Juliet Karen Kate Kathleen Kitty Laura Lavinia Lily Linda Lisa Liz Lizzie Lizzy Lois Louisa Louise
        Lucy Lydia Mabel Madge Maggie Margaret Margery Maria Marian Martha Mary Matilda Maud Maude May
        Mildred Minnie Molly Muriel Nancy Nell Nellie Nora Olive Olivia Pamela Patience Patricia Patty Peggy
        Penelope Phoebe Phyllis Polly Priscilla Rachel Rebecca Rosa Rosalind Rose Rosemary Ruth Sally Sarah
        Sheila Shirley Sophia Sophie Stella Sue Susan Susannah Sybil Sylvia Tess Theresa Ursula Vera
        Victoria Viola Violet Virginia Winifred Zoe Ines Kelly Tara Wendy Gail Priya Nadia Fatima Aisha Mei
        Yuki Maya Megan Hailey Madison Brooke Paige Erin Kim Kimberly Michelle Nicole Stephanie Tiffany
        Melissa Lauren Ashley Brenda Carol Cheryl Diane Donna Gloria Jackie Joy June Lorraine Lynn Marcia
        Marilyn Maureen Norma Rhoda Rita Robin Ruby Sandra Sharon Tina Tracy Valerie Vanessa Wanda Yvonne
        Ingrid Astrid Freya Greta Olga Natasha Tatiana Irina Sonya Katya Masha Varya Daphne Prudence Imogen
        Rosamund Philippa Cordelia Portia Miranda Ophelia Araminta Sigrid Ysolde Isolde Guinevere
    """,
    "nicknames": """
        Lizzy=Elizabeth Lizzie=Elizabeth Liz=Elizabeth Beth=Elizabeth Eliza=Elizabeth Betty=Elizabeth
        Betsy=Elizabeth Bess=Elizabeth Tom=Thomas Tommy=Thomas Will=William Bill=William Billy=William
        Willie=William Bob=Robert Bobby=Robert Rob=Robert Robbie=Robert Dick=Richard Rick=Richard
        Harry=Henry Hal=Henry Hatty=Harriet Hattie=Harriet Jack=John Johnny=John Jim=James Jimmy=James
        Jamie=James Joe=Joseph Sam=Samuel Ben=Benjamin Ned=Edward Ted=Edward Eddie=Edward Ed=Edward
        Frank=Francis Fred=Frederick Freddy=Frederick Charlie=Charles Charley=Charles Dan=Daniel
        Danny=Daniel Dave=David Mike=Michael Mick=Michael Nick=Nicholas Andy=Andrew Tony=Anthony
        Alec=Alexander Alex=Alexander Kate=Katherine Kitty=Catherine Cathy=Catherine Maggie=Margaret
        Meg=Margaret Peggy=Margaret Molly=Mary Polly=Mary Annie=Anne Nancy=Anne Sally=Sarah Sue=Susan
        Susie=Susan Su=Susan Jenny=Jane Fanny=Frances Nell=Ellen Nellie=Ellen Becky=Rebecca Tess=Theresa
        Vicky=Victoria Patty=Patricia Pat=Patricia Steve=Stephen Tim=Timothy Matt=Matthew Phil=Philip
        Jake=Jacob Josh=Joshua Nat=Nathaniel Theo=Theodore Gus=Augustus Lucy=Lucinda Jo=Josephine Amy=Amelia
        Minnie=Wilhelmina Doug=Douglas Dougie=Douglas Greg=Gregory Jeff=Jeffrey Ken=Kenneth
    """,
    "men": """
        man boy father husband son brother uncle nephew grandfather king prince duke lord gentleman knight
        squire monk priest abbot friar lad butler boatman fisherman policeman landlord host waiter groom
    """,
    "women": """
        woman girl mother wife daughter sister aunt niece grandmother queen princess duchess lady nun abbess
        lass maid landlady hostess waitress bride widow nurse
    """,
    "wives": "wife lady",
    "parents": "father mother",
    "people": """
        man woman boy girl child lady gentleman fellow stranger clerk guard waiter waitress landlord
        landlady maid servant butler cook driver coachman porter sailor soldier officer policeman constable
        doctor nurse priest vicar curate parson schoolmaster teacher student farmer shepherd miller baker
        butcher barber tailor merchant shopkeeper innkeeper host hostess guest widow bride groom king queen
        prince princess knight squire page wizard witch captain mate boatswain steward general colonel major
        sergeant corporal lieutenant lawyer judge secretary assistant mechanic pilot detective inspector
        editor reporter youth lad lass beggar thief robber hunter fisherman gardener postman messenger
        visitor traveller traveler passenger mother father brother sister uncle aunt wife husband son
        daughter grandmother grandfather cousin niece nephew
    """,
    "common": "the and of to was that his her with had said he she it you for",
    "no_names": """
        A An The And But Or Nor So Then When While As If Though Although Because Since Until Till After
        Before He She It They We I You Who What Which Why How Where Whose This That These Those There Here
        Now Yes No Not Never Nothing Nobody None Someone Somebody Everyone Everybody Anyone Anybody
        Everything Something Anything One Two Three Four Five Six Seven Eight Nine Ten Both All Some Many
        Most Each Every Any Other Others Another His Her Its Their My Our Your Him Them Us Me At In On By
        For From With Without To Of Off Over Under Up Down Out Into Through Perhaps Maybe Suddenly Presently
        Finally Meanwhile Still Yet Even Only Just Once Again Well Oh Ah Eh Hey Hi Hello Hullo Ha Hush Aye
        Ay Nay Please Thank Thanks Good God Lord Heaven Heavens Sir Madam Ma’am Let Do Did Does Is Are Was
        Were Be Been Have Has Had Can Could Would Shall Should Might Must Monday Tuesday Wednesday Thursday
        Friday Saturday Sunday January February March April July August September October November December
        Christmas Easter Thanksgiving English French German Latin Greek Spanish Italian American Europe
        Christian Chapter Part Book Come Go Look See Tell Take Give Get Say Don’t Don't I’m I'm I’ll I'll
        I’ve I've I’d It’s It's That’s That's He’s He's She’s She's You’re We’re There’s Upstairs Downstairs
        Outside Inside Behind Beside Above Below Beyond Slowly Quickly Quietly Next Last First Later Soon
        Today Tomorrow Yesterday Tonight Such Than Too Very Indeed Neither Either
    """,
}
