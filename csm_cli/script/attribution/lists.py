"""Lists of words, by language: verbs of speech, pronouns, titles, first names."""

from __future__ import annotations

_EN = {
    "verbs": """
        said says say asked asks ask replied replies reply answered answers answer cried cries cry called calls
        shouted shouts whispered whispers murmured murmurs muttered mutters added adds began begins continued
        continues exclaimed exclaims explained explains insisted insists laughed laughs sighed sighs snapped snaps
        growled growls hissed hisses repeated repeats returned returns remarked remarks observed observes told
        tells thought thinks agreed agrees admitted admits announced announces declared declares demanded demands
        interrupted interrupts protested protests screamed screams yelled yells groaned groans gasped gasps warned
        warns wondered wonders breathed breathes inquired inquires enquired enquires responded responds rejoined
        retorted retorts ejaculated sobbed sobs wept moaned moans wailed wails whimpered whined whines grumbled
        grumbles grunted grunts barked barks bellowed bellows roared roars thundered boomed blurted babbled
        stammered stammers stuttered faltered mumbled mumbles croaked croaks rasped drawled drawls purred cooed
        chirped squeaked squealed shrieked shrieks screeched howled cackled chuckled chuckles giggled giggles
        sniffed sniffs snorted snorts sneered sneers jeered mocked teased joked quipped bragged boasted suggested
        suggests proposed proposes offered offers urged urges begged begs pleaded pleads implored entreated
        beseeched besought prayed ordered orders commanded commands directed instructed bade bid promised promises
        vowed swore swears assured assures affirmed asserted maintained claimed argued argues reasoned objected
        objects countered conceded confessed confesses confirmed confided acknowledged allowed ventured hazarded
        guessed supposed mused muses reflected pondered pronounced proclaimed stated states reported reports
        related recited quoted quoth counselled advised advises reminded reminds cautioned threatened chided scolded
        rebuked reproached scoffed spat lied echoed echoes corrected corrects concluded concludes finished
        finishes ended resumed resumes pursued proceeded persisted persists broke chimed piped interposed
        interjected volunteered apologised apologized thanked greeted congratulated complained complains cursed
        lamented bawled hollered hailed sang sings crooned read reads noted notes commented comments queried
        queries questioned prompted pressed pointed put went came cut smiled smiles grinned beamed nodded
        shrugged frowned winced panted puffed wheezed coughed choked gulped hooted rumbled spoke speaks
        opined imagined speculated predicted recalled remembered recollected translated explained clarified
        summarised amended emphasised stressed specified lisped simpered fumed raged stormed railed exploded
        expostulated remonstrated ruled decided cheered goaded quavered trilled warbled whooped yelped yapped
    """,
    "he": "he", "she": "she", "they": "they we both all everybody everyone", "first": "i",
    "his": "his him himself", "her": "her hers herself",
    "definite": "the this that",
    "determiners": "a an his her my our their its your one some somebody someone another every each no nobody "
    "no-one several two three four five six many few any either neither another's",
    "ends": "and or but of in on at to from with without by for as who whom whose which that when while if over under "
    "into onto through after before behind beside between against across about around up down out off near "
    "because so then than where until till upon again back was were is are had has",
    "adverbs": "then now again also once soon next only just simply almost still even never always often at last "
    "first too thus here finally out up on in back away along over aloud",
    "adjectives": "old young little poor dear good big fat honest tall small gentle brave wise stout fair lovely "
    "unhappy wretched faithful worthy great mad lame blind black red white pretty cousin",
    "male_titles": "Mr Mr. Sir Lord Master Uncle Father Brother King Prince Duke Count Baron Earl Monsieur Don Signor "
    "Señor Herr Grandpa Grandfather Squire Abbé Père Monsignor Friar Emperor Viscount Esquire",
    "female_titles": "Mrs Mrs. Ms Ms. Miss Lady Aunt Auntie Mother Sister Queen Princess Duchess Countess Baroness "
    "Madame Madam Mademoiselle Mme Mlle Doña Signora Señora Señorita Frau Fräulein Dame Granny Grandma Grandmother "
    "Nurse Empress",
    "titles": "Dr Dr. Doctor Captain Capt Capt. Colonel Col. Major General Sergeant Sgt Corporal Lieutenant Lt. "
    "Admiral Commander Commodore Private Professor Prof Prof. Inspector Detective Constable Officer Sheriff Judge "
    "Justice President Senator Governor Mayor Minister Reverend Rev Rev. Bishop Archdeacon Archbishop Deacon Dean "
    "Cardinal Canon Pastor Rabbi Cousin Comrade Chief Coach Agent Superintendent Marshal St. Saint Old Young Little",
    "ranks": """
        doctor=Dr captain=Captain colonel=Colonel major=Major general=General sergeant=Sergeant corporal=Corporal
        lieutenant=Lieutenant admiral=Admiral commander=Commander professor=Professor inspector=Inspector
        detective=Detective constable=Constable sheriff=Sheriff judge=Judge president=President senator=Senator
        governor=Governor mayor=Mayor reverend=Reverend bishop=Bishop archdeacon=Archdeacon archbishop=Archbishop
        priest=Father dean=Dean cardinal=Cardinal king=King queen=Queen prince=Prince princess=Princess duke=Duke
        duchess=Duchess count=Count countess=Countess baron=Baron baroness=Baroness earl=Earl squire=Squire
        pastor=Pastor rabbi=Rabbi nurse=Nurse uncle=Uncle aunt=Aunt grandpa=Grandpa granny=Granny emperor=Emperor superintendent=Superintendent marshal=Marshal
    """,
    "male_names": """
        Adam Alan Albert Alex Alexander Alfred Andrew Andy Anthony Archibald Arthur Ben Benjamin Bernard Bill Billy
        Bob Brian Charles Charlie Christopher Colin Daniel Dan David Dennis Dick Donald Douglas Ed Eddie Edgar Edmund
        Edward Edwin Eric Ernest Francis Frank Fred Frederick Geoffrey George Gerald Gilbert Giles Godfrey Graham
        Greg Guy Harold Harry Henry Herbert Horace Howard Hugh Ian Isaac Ivan Jack Jacob Jake James Jamie Jason Jeff
        Jeremy Jerry Jim Jimmy Joe John Johnny Jonah Jonathan Joseph Joshua Julian Keith Ken Kenneth Kevin Larry
        Laurence Lawrence Leo Leonard Lewis Lou Louis Luke Mark Martin Matt Matthew Max Michael Mick Mike Nathan
        Neil Ned Nicholas Nick Nigel Noah Norman Oliver Oscar Owen Patrick Paul Percy Peter Philip Phil Ralph
        Raymond Reginald Richard Robert Robin Roger Ronald Rupert Sam Samuel Sebastian Simon Stanley Stephen Steve
        Steven Ted Terence Theodore Thomas Tim Timothy Toby Tom Tommy Tony Victor Vincent Walter Will William Willie Sanjay Dev Raj Amir Ahmed Hassan Omar Ali Yusuf Ibrahim Kofi Kwame Chen Wei Kenji Hiro Diego
        Carlos Luis Pablo Marcus Darren Wayne Gary Craig Scott Kyle Tyler Ryan Brandon Justin Ethan Logan Mason Liam
        Connor Dylan Caleb Elijah Ezra Silas Amos Abel Cain Seth Jonas Josiah Ezekiel Hiram Cyrus Rufus Wade Clint Hank
        Chuck Earl Floyd Lloyd Vernon Virgil Homer Wilbur Orville Clarence Cecil Basil Clive Desmond Duncan Fergus Angus
        Hamish Callum Sean Seamus Declan Niall Brendan Ivan Boris Dmitri Sergei Pavel Pyotr Mikhail Alexei Nikolai Fyodor
        Lars Sven Olaf Erik Bjorn Gunnar Magnus Axel
    """,
    "female_names": """
        Abigail Ada Adelaide Agatha Agnes Alice Alison Amanda Amelia Amy Angela Ann Anna Anne Annie Barbara Beatrice
        Becky Bess Beth Betsy Betty Bridget Caroline Catherine Cathy Cecilia Charlotte Chloe Clara Claire Constance
        Cynthia Daisy Deborah Diana Dinah Dora Doris Dorothy Edith Eleanor Eliza Elizabeth Ella Ellen Elsie Emily
        Emma Esther Ethel Eva Eve Evelyn Fanny Fiona Flora Florence Frances Georgia Georgina Gertrude Grace Gwen
        Hannah Harriet Hatty Heather Helen Henrietta Hester Hilda Ida Irene Isabel Isabella Jane Janet Jean Jenny Jessica
        Jill Joan Joanna Josephine Joyce Judith Judy Julia Juliet Karen Kate Kathleen Kitty Laura Lavinia Lily Linda
        Lisa Liz Lizzie Lizzy Lois Louisa Louise Lucy Lydia Mabel Madge Maggie Margaret Margery Maria Marian Martha
        Mary Matilda Maud Maude May Mildred Minnie Molly Muriel Nancy Nell Nellie Nora Olive Olivia Pamela Patience
        Patricia Patty Peggy Penelope Phoebe Phyllis Polly Priscilla Rachel Rebecca Rosa Rosalind Rose Rosemary Ruth
        Sally Sarah Sheila Shirley Sophia Sophie Stella Sue Susan Susannah Sybil Sylvia Tess Theresa Ursula Vera
        Victoria Viola Violet Virginia Winifred Zoe Ines Kelly Tara Wendy Gail Priya Nadia Fatima Aisha Mei Yuki Maya Megan Emma Chloe Hailey Madison Brooke Paige
        Erin Kim Kimberly Michelle Nicole Stephanie Tiffany Melissa Lauren Ashley Brenda Carol Cheryl Diane Donna Gloria
        Jackie Joy June Lorraine Lynn Marcia Marilyn Maureen Norma Rhoda Rita Robin Ruby Sandra Sharon Tina Tracy Valerie
        Vanessa Wanda Yvonne Ingrid Astrid Freya Greta Olga Natasha Tatiana Irina Sonya Katya Masha Varya Daphne Prudence
        Hilda Imogen Rosamund Philippa Cordelia Portia Viola Miranda Ophelia Araminta Sigrid Ysolde Isolde Guinevere
    """,
    "nicknames": """
        Lizzy=Elizabeth Lizzie=Elizabeth Liz=Elizabeth Beth=Elizabeth Eliza=Elizabeth Betty=Elizabeth
        Betsy=Elizabeth Bess=Elizabeth Tom=Thomas Tommy=Thomas Will=William Bill=William Billy=William
        Willie=William Bob=Robert Bobby=Robert Rob=Robert Robbie=Robert Dick=Richard Rick=Richard Harry=Henry
        Hal=Henry Hatty=Harriet Hattie=Harriet Jack=John Johnny=John Jim=James Jimmy=James Jamie=James Joe=Joseph
        Sam=Samuel Ben=Benjamin Ned=Edward Ted=Edward Eddie=Edward Ed=Edward Frank=Francis Fred=Frederick
        Freddy=Frederick Charlie=Charles Charley=Charles Dan=Daniel Danny=Daniel Dave=David Mike=Michael
        Mick=Michael Nick=Nicholas Andy=Andrew Tony=Anthony Alec=Alexander Alex=Alexander Kate=Katherine
        Kitty=Catherine Cathy=Catherine Maggie=Margaret Meg=Margaret Peggy=Margaret Molly=Mary Polly=Mary Annie=Anne
        Nancy=Anne Sally=Sarah Sue=Susan Susie=Susan Su=Susan Jenny=Jane Fanny=Frances Nell=Ellen Nellie=Ellen
        Becky=Rebecca Tess=Theresa Vicky=Victoria Patty=Patricia Pat=Patricia Steve=Stephen Tim=Timothy
        Matt=Matthew Phil=Philip Jake=Jacob Josh=Joshua Nat=Nathaniel Theo=Theodore Gus=Augustus Lucy=Lucinda
        Jo=Josephine Amy=Amelia Minnie=Wilhelmina Doug=Douglas Dougie=Douglas Greg=Gregory Jeff=Jeffrey Ken=Kenneth
    """,
    "people": "man woman boy girl child lady gentleman fellow stranger clerk guard waiter waitress landlord landlady "
    "maid servant butler cook driver coachman porter sailor soldier officer policeman constable doctor nurse priest "
    "vicar curate parson schoolmaster teacher student farmer shepherd miller baker butcher barber tailor merchant "
    "shopkeeper innkeeper host hostess guest widow bride groom king queen prince princess knight squire page wizard "
    "witch captain mate boatswain steward general colonel major sergeant corporal lieutenant lawyer judge secretary "
    "assistant mechanic pilot detective inspector editor reporter youth lad lass beggar thief robber hunter fisherman "
    "gardener postman messenger visitor traveller traveler passenger mother father brother sister uncle aunt wife "
    "husband son daughter grandmother grandfather cousin niece nephew",
    "common": "the and of to was that his her with had said he she it you for",
    "no_names": """
        A An The And But Or Nor So Then When While As If Though Although Because Since Until Till After Before He She It
        They We I You Who What Which Why How Where Whose This That These Those There Here Now Yes No Not Never
        Nothing Nobody None Someone Somebody Everyone Everybody Anyone Anybody Everything Something Anything One Two
        Three Four Five Six Seven Eight Nine Ten Both All Some Many Most Each Every Any Other Others Another His Her
        Its Their My Our Your Him Them Us Me At In On By For From With Without To Of Off Over Under Up Down Out
        Into Through Perhaps Maybe Suddenly Presently Finally Meanwhile Still Yet Even Only Just Once Again Well Oh Ah
        Eh Hey Hi Hello Hullo Ha Hush Aye Ay Nay Please Thank Thanks Good God Lord Heaven Heavens Sir Madam Ma’am
        Let Do Did Does Is Are Was Were Be Been Have Has Had Can Could Would Shall Should Might Must
        Monday Tuesday Wednesday Thursday Friday Saturday Sunday January February March April July August
        September October November December Christmas Easter Thanksgiving English French German Latin Greek Spanish
        Italian American Europe Christian Chapter Part Book Come Go Look See Tell Take Give Get Say Don’t Don't
        I’m I'm I’ll I'll I’ve I've I’d It’s It's That’s That's He’s He's She’s She's You’re We’re There’s
        Upstairs Downstairs Outside Inside Behind Beside Above Below Beyond Slowly Quickly Quietly Next Last First
        Later Soon Today Tomorrow Yesterday Tonight Such Than Too Very Indeed Neither Either
    """,
}

_DE = {
    "verbs": """
        sagte sagt sagten fragte fragt fragten antwortete antwortet rief ruft riefen schrie schreit flüsterte
        flüstert murmelte murmelt erwiderte erwidert entgegnete entgegnet meinte meint erklärte erklärt bemerkte
        bemerkt begann beginnt fuhr fügte fügt setzte versetzte wiederholte wiederholt seufzte seufzt stöhnte lachte
        lacht lächelte kicherte brummte brummt knurrte zischte brüllte schimpfte klagte jammerte bat bittet befahl
        drängte drohte warnte mahnte gestand gab bestätigte verkündete berichtete erzählte dachte überlegte stammelte
        stotterte keuchte schluchzte weinte hauchte raunte nickte grüßte begrüßte rühmte spottete höhnte widersprach
        protestierte unterbrach schloss schloß ergänzte behauptete versicherte versprach schlug wollte wunderte
        erkundigte kreischte jubelte sprach spricht
    """,
    "he": "er", "she": "sie", "they": "wir alle beide", "first": "ich",
    "his": "sein seine seinen seinem seiner", "her": "ihr ihre ihren ihrem ihrer",
    "definite": "der die das dieser diese dieses jener jene",
    "determiners": "ein eine einer eines mein meine sein seine ihr ihre unser unsere jemand niemand den dem des",
    "ends": "und oder aber von vom in im an am auf aus mit ohne für zu zum zur bei nach vor hinter neben über unter "
    "durch als wie dass während sich ihm ihr ihn noch dann wieder leise laut nun",
    "adverbs": "leise laut dann nun noch wieder da endlich plötzlich schnell langsam ruhig freundlich sich ihm ihr",
    "adjectives": "alte alter junge junger kleine kleiner arme armer gute guter",
    "male_titles": "Herr Onkel Vater Pater Bruder König Prinz Graf Baron Meister",
    "female_titles": "Frau Fräulein Tante Mutter Schwester Königin Prinzessin Gräfin Baronin",
    "titles": "Doktor Dr. Professor Hauptmann Oberst Major General Inspektor Kommissar Pfarrer Direktor",
    "ranks": "doktor=Doktor professor=Professor hauptmann=Hauptmann oberst=Oberst major=Major inspektor=Inspektor "
    "kommissar=Kommissar pfarrer=Pfarrer direktor=Direktor graf=Graf gräfin=Gräfin könig=König",
    "male_names": "Andreas Bernd Christian Dieter Dirk Emil Ernst Erich Florian Franz Friedrich Fritz Georg Gerd "
    "Günter Gustav Hans Heinrich Heinz Helmut Hermann Johann Johannes Josef Jürgen Karl Klaus Konrad Kurt Ludwig "
    "Lukas Manfred Matthias Moritz Otto Rolf Rudolf Stefan Thomas Tobias Uwe Werner Wilhelm Wolfgang",
    "female_names": "Anja Annette Brigitte Christa Elfriede Elke Elsa Erika Franziska Gerda Gisela Gretchen Grete "
    "Hedwig Heidi Helga Hilde Ilse Inge Ingrid Johanna Katharina Klara Lena Leni Liesel Lotte Luise Magda Margarete "
    "Marie Marlene Monika Petra Renate Sabine Trude Ursel Ute",
    "people": "mann frau junge mädchen kind herr dame fremde wirt wirtin knecht magd bauer bäuerin arzt pfarrer lehrer "
    "schüler kutscher soldat richter kellner müller förster alte alter könig königin prinz prinzessin",
    "common": "der die das und ist nicht ein eine er sie ich war mit auf den dem von zu sich",
    "no_names": "Der Die Das Ein Eine Er Sie Es Ich Du Wir Ihr Und Aber Da Dann Als Wenn Nach Am Im In Auf Aus Mit Von "
    "Vor Zu Bei Nun Doch Auch Nein Ja Was Wer Wo Wie Warum Man Hier Dort Oben Unten Draußen Drinnen Jetzt Heute Morgen "
    "Gestern Sein Seine Ihre Mein Meine Für Noch Nur Schon So Niemand Jemand Alle Beide Endlich Plötzlich Bitte Danke "
    "Guten Gut Gott",
}

_FR = {
    "verbs": """
        dit disait dis demanda demandait demande répondit répondait répond cria criait crie s’écria s'écria écria
        murmura murmurait murmure chuchota ajouta ajoutait ajoute reprit reprenait reprend continua poursuivit
        répliqua réplique expliqua explique insista soupira soupire gronda grogna souffla lança lance fit fait
        interrompit coupa déclara déclare annonça affirma avoua ordonna supplia protesta objecta remarqua observa
        répéta répète hurla gémit balbutia bégaya bredouilla marmonna commença pensa songea ricana rit sourit
        s’exclama s'exclama exclama s’enquit s'enquit interrogea questionna conclut acheva promit jura assura
        confirma admit reconnut conseilla suggéra proposa salua appela sanglota gloussa siffla susurra
    """,
    "he": "il", "she": "elle", "they": "ils elles nous tous on", "first": "je j’ai j'ai",
    "his": "", "her": "",
    "definite": "le la les l’ ce cet cette",
    "determiners": "un une des son sa ses mon ma mes notre leur quelqu’un personne",
    "ends": "et ou mais de du des d’un d’une en dans sur à au aux avec sans pour par qui que quand comme sous vers "
    "chez entre sans se",
    "adverbs": "enfin alors aussitôt doucement encore ensuite aussi bientôt soudain tout bas lentement",
    "adjectives": "vieux vieille jeune petit petite pauvre bon bonne grand grande gros grosse",
    "male_titles": "M. Monsieur monsieur Père père Oncle oncle Maître Comte comte Baron Roi Prince Abbé Don",
    "female_titles": "Mme Mlle Madame madame Mademoiselle mademoiselle Mère mère Tante tante Comtesse Baronne Reine",
    "titles": "Docteur docteur Dr Capitaine capitaine Colonel colonel Général Commissaire commissaire Inspecteur "
    "Professeur Juge",
    "ranks": "docteur=Docteur capitaine=Capitaine colonel=Colonel général=Général commissaire=Commissaire "
    "inspecteur=Inspecteur professeur=Professeur comte=Comte comtesse=Comtesse abbé=Abbé",
    "male_names": "Alain André Antoine Armand Auguste Charles Claude Denis Émile Étienne Eugène Fabrice François "
    "Georges Gérard Gilles Guillaume Gustave Henri Hugo Jacques Jean Jérôme Jules Julien Laurent Léon Lucien Luc "
    "Marcel Marc Mathieu Maurice Michel Nicolas Olivier Pascal Philippe Pierre Rémy René Robert Roger Théodore "
    "Théo Thierry Victor Vincent Xavier Yves",
    "female_names": "Adèle Agathe Aline Amélie Anaïs Antoinette Aurélie Berthe Blanche Brigitte Camille Cécile Chantal "
    "Charlotte Claudine Clémence Colette Édith Élise Élodie Émilie Emma Eugénie Françoise Geneviève Germaine "
    "Hélène Henriette Hortense Isabelle Jacqueline Jeanne Joséphine Juliette Julie Léa Lise Lucie Madeleine "
    "Margot Marguerite Marie Marthe Mathilde Monique Nathalie Nicole Odette Pauline Sophie Simone Suzanne Thérèse "
    "Valérie Yvonne",
    "people": "homme femme garçon fille enfant dame monsieur vieux vieille étranger boulanger médecin curé maître "
    "élève cocher soldat juge serveur meunier roi reine prince princesse employé aubergiste voyageur gendarme",
    "common": "le la les de des et un une il elle que qui dans est était ne pas je vous sur",
    "no_names": "Le La Les L’ Un Une Des Il Elle Ils Elles Je Tu Nous Vous On Et Mais Ou Donc Car Alors Puis Quand Comme "
    "Si Ce Cet Cette Ces Son Sa Ses Mon Ma Mes Notre Votre Leur À Au Aux De Du Dans Sur Sous Avec Sans Pour Par "
    "Oui Non Ah Oh Eh Hé Bon Bien Tiens Enfin Soudain Aussitôt Maintenant Ici Là Rien Personne Tout Tous Que Qui "
    "Quoi Où Pourquoi Comment Naturellement Pardon Merci Dieu",
}

_ES = {
    "verbs": """
        dijo dice decía preguntó pregunta respondió responde contestó contesta replicó exclamó exclama gritó grita
        susurró susurra murmuró murmura añadió añade agregó repitió repite insistió explicó continuó prosiguió siguió
        comenzó empezó interrumpió ordenó suplicó rogó protestó observó comentó admitió confesó aseguró afirmó
        declaró anunció pensó suspiró rió sonrió gruñó bramó chilló lloró gimió balbuceó tartamudeó saludó llamó
        advirtió aconsejó propuso sugirió prometió juró mintió corrigió concluyó terminó quiso
    """,
    "he": "él", "she": "ella", "they": "ellos ellas nosotros todos", "first": "yo",
    "his": "", "her": "",
    "definite": "el la los las este esta aquel aquella",
    "determiners": "un una unos unas su sus mi mis nuestro alguien nadie otro otra",
    "ends": "y o pero de del en a al con sin para por que quien cuando como sobre hacia entre mientras se",
    "adverbs": "entonces luego después ya casi también al fin",
    "adjectives": "viejo vieja joven pobre buen buena gran",
    "male_titles": "Don don Señor señor Sr. Tío tío Padre padre Fray fray",
    "female_titles": "Doña doña Señora señora Sra. Señorita señorita Tía tía Madre madre Sor sor",
    "titles": "Doctor doctor Capitán capitán Coronel coronel General general Profesor profesor",
    "ranks": "doctor=Doctor capitán=Capitán coronel=Coronel profesor=Profesor",
    "male_names": "Alejandro Alfonso Andrés Ángel Antonio Carlos Diego Eduardo Emilio Enrique Esteban Felipe Fernando "
    "Francisco Gabriel Ignacio Javier Jorge José Juan Julio Luis Manuel Mario Mateo Miguel Pablo Pedro Rafael Ramón "
    "Roberto Santiago Sergio Tomás Vicente",
    "female_names": "Alicia Ana Beatriz Carmen Catalina Consuelo Dolores Elena Esperanza Inés Isabel Josefa Juana "
    "Leonor Lucía Luisa Manuela Marta Mercedes Pilar Rosario Teresa",
    "common": "el la los las de y que en un una se no por con su es era lo para",
    "no_names": "El La Los Las Un Una Y Pero O Si No Sí Él Ella Ellos Yo Tú Usted Nosotros Entonces Luego Después Cuando "
    "Como Su Sus Mi Mis En De Del A Al Con Sin Por Para Que Quién Qué Dónde Cómo Nada Nadie Todo Todos Hoy Ayer "
    "Mañana Este Esta Ese Esa Eso Dios Siempre Buenos Buenas",
}

_IT = {
    "verbs": """
        disse dice diceva chiese chiede domandò domanda rispose risponde replicò esclamò esclama gridò grida sussurrò
        mormorò aggiunse continuò riprese ripeté insistette spiegò ordinò sospirò rise urlò fece osservò ammise
        concluse cominciò interruppe protestò salutò balbettò
    """,
    "he": "lui egli", "she": "lei ella", "they": "loro essi noi tutti", "first": "io",
    "definite": "il lo la i gli le l’ questo questa quel quella",
    "determiners": "un uno una suo sua mio mia qualcuno nessuno",
    "ends": "e o ma di del della in nel a al con senza per da dal che chi quando come su tra mentre si",
    "adverbs": "poi allora infine piano subito ancora",
    "adjectives": "vecchio vecchia giovane povero povera buon piccolo piccola",
    "male_titles": "Signor signor Don don Zio zio Padre padre Conte conte",
    "female_titles": "Signora signora Signorina signorina Zia zia Madre madre Contessa contessa",
    "titles": "Dottor dottor Capitano capitano Professor professor",
    "male_names": "Alberto Alessandro Andrea Antonio Carlo Davide Enrico Fabio Francesco Franco Giacomo Giorgio "
    "Giovanni Giulio Giuseppe Guido Luca Luigi Marco Matteo Nicola Paolo Pietro Riccardo Roberto Stefano Vittorio",
    "female_names": "Angela Bianca Caterina Chiara Elena Francesca Gianna Ginevra Giovanna Giulia Ilaria Laura "
    "Lucia Luisa Margherita Paola Silvia Teresa",
    "common": "il lo la gli le di e che un una non si per con era sono è del della",
    "no_names": "Il Lo La I Gli Le Un Una E Ma O Se No Sì Lui Lei Io Tu Noi Voi Loro Poi Allora Quando Come Suo Sua In Di "
    "Del A Al Con Senza Per Che Chi Dove Niente Nessuno Tutti Oggi Ieri Domani Questo Quello Dio",
}  # fmt: skip

LISTS: dict[str, dict[str, str]] = {"en": _EN, "de": _DE, "fr": _FR, "es": _ES, "it": _IT}
"""By language: lists of words under the names that `words.Words` gives them, separated by white space."""
