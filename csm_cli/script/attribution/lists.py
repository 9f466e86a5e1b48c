"""Words of other languages, by kind as in `english`, and all lists by language."""

from __future__ import annotations

from csm_cli.script.attribution.english import ENGLISH

GERMAN = {
    "men": """
        mann junge vater sohn bruder onkel neffe großvater könig prinz herr knecht bauer wirt kutscher
    """,
    "women": """
        frau mädchen mutter tochter schwester tante nichte großmutter königin prinzessin dame magd wirtin
        bäuerin
    """,
    "wives": "frau",
    "parents": "vater mutter",
    "verbs": """
        sagte sagt sagten fragte fragt fragten antwortete antwortet rief ruft riefen schrie schreit
        flüsterte flüstert murmelte murmelt erwiderte erwidert entgegnete entgegnet meinte meint erklärte
        erklärt bemerkte bemerkt begann beginnt fuhr fügte fügt setzte versetzte wiederholte wiederholt
        seufzte seufzt stöhnte lachte lacht lächelte kicherte brummte brummt knurrte zischte brüllte
        schimpfte klagte jammerte bat bittet befahl drängte drohte warnte mahnte gestand gab bestätigte
        verkündete berichtete erzählte dachte überlegte stammelte stotterte keuchte schluchzte weinte
        hauchte raunte nickte grüßte begrüßte rühmte spottete höhnte widersprach protestierte unterbrach
        schloss schloß ergänzte behauptete versicherte versprach schlug wollte wunderte erkundigte kreischte
        jubelte sprach spricht
    """,
    "he": "er",
    "she": "sie",
    "they": "wir alle beide",
    "first": "ich",
    "his": "sein seine seinen seinem seiner",
    "her": "ihr ihre ihren ihrem ihrer",
    "definite": "der die das dieser diese dieses jener jene",
    "determiners": """
        ein eine einer eines mein meine sein seine ihr ihre unser unsere jemand niemand den dem des
    """,
    "ends": """
        und oder aber von vom in im an am auf aus mit ohne für zu zum zur bei nach vor hinter neben über
        unter durch als wie dass während sich ihm ihr ihn noch dann wieder leise laut nun
    """,
    "adverbs": """
        leise laut dann nun noch wieder da endlich plötzlich schnell langsam ruhig freundlich sich ihm ihr
    """,
    "adjectives": "alte alter junge junger kleine kleiner arme armer gute guter",
    "male_titles": "Herr Onkel Vater Pater Bruder König Prinz Graf Baron Meister",
    "female_titles": "Frau Fräulein Tante Mutter Schwester Königin Prinzessin Gräfin Baronin",
    "titles": """
        Doktor Dr. Professor Hauptmann Oberst Major General Inspektor Kommissar Pfarrer Direktor
    """,
    "ranks": """
        doktor=Doktor professor=Professor hauptmann=Hauptmann oberst=Oberst major=Major inspektor=Inspektor
        kommissar=Kommissar pfarrer=Pfarrer direktor=Direktor graf=Graf gräfin=Gräfin könig=König
    """,
    "male_names": """
        Andreas Bernd Christian Dieter Dirk Emil Ernst Erich Florian Franz Friedrich Fritz Georg Gerd Günter
        Gustav Hans Heinrich Heinz Helmut Hermann Johann Johannes Josef Jürgen Karl Klaus Konrad Kurt Ludwig
        Lukas Manfred Matthias Moritz Otto Rolf Rudolf Stefan Thomas Tobias Uwe Werner Wilhelm Wolfgang
    """,
    "female_names": """
        Anja Annette Brigitte Christa Elfriede Elke Elsa Erika Franziska Gerda Gisela Gretchen Grete Hedwig
        Heidi Helga Hilde Ilse Inge Ingrid Johanna Katharina Klara Lena Leni Liesel Lotte Luise Magda
        Margarete Marie Marlene Monika Petra Renate Sabine Trude Ursel Ute
    """,
    "people": """
        mann frau junge mädchen kind herr dame fremde wirt wirtin knecht magd bauer bäuerin arzt pfarrer
        lehrer schüler kutscher soldat richter kellner müller förster alte alter könig königin prinz
        prinzessin
    """,
    "common": "der die das und ist nicht ein eine er sie ich war mit auf den dem von zu sich",
    "no_names": """
        Der Die Das Ein Eine Er Sie Es Ich Du Wir Ihr Und Aber Da Dann Als Wenn Nach Am Im In Auf Aus Mit
        Von Vor Zu Bei Nun Doch Auch Nein Ja Was Wer Wo Wie Warum Man Hier Dort Oben Unten Draußen Drinnen
        Jetzt Heute Morgen Gestern Sein Seine Ihre Mein Meine Für Noch Nur Schon So Niemand Jemand Alle
        Beide Endlich Plötzlich Bitte Danke Guten Gut Gott
    """,
}

FRENCH = {
    "men": """
        homme garçon père mari fils frère oncle neveu roi prince monsieur boulanger curé cocher
    """,
    "women": "femme fille mère sœur tante nièce reine princesse dame servante boulangère",
    "wives": "femme",
    "parents": "père mère",
    "verbs": """
        dit disait dis demanda demandait demande répondit répondait répond cria criait crie s’écria s'écria
        écria murmura murmurait murmure chuchota ajouta ajoutait ajoute reprit reprenait reprend continua
        poursuivit répliqua réplique expliqua explique insista soupira soupire gronda grogna souffla lança
        lance fit fait interrompit coupa déclara déclare annonça affirma avoua ordonna supplia protesta
        objecta remarqua observa répéta répète hurla gémit balbutia bégaya bredouilla marmonna commença
        pensa songea ricana rit sourit s’exclama s'exclama exclama s’enquit s'enquit interrogea questionna
        conclut acheva promit jura assura confirma admit reconnut conseilla suggéra proposa salua appela
        sanglota gloussa siffla susurra
    """,
    "he": "il",
    "she": "elle",
    "they": "ils elles nous tous on",
    "first": "je j’ai j'ai",
    "his": "",
    "her": "",
    "definite": "le la les l’ ce cet cette",
    "determiners": "un une des son sa ses mon ma mes notre leur quelqu’un personne",
    "ends": """
        et ou mais de du des d’un d’une en dans sur à au aux avec sans pour par qui que quand comme sous
        vers chez entre se
    """,
    "adverbs": """
        enfin alors aussitôt doucement encore ensuite aussi bientôt soudain tout bas lentement
    """,
    "adjectives": "vieux vieille jeune petit petite pauvre bon bonne grand grande gros grosse",
    "male_titles": """
        M. Monsieur monsieur Père père Oncle oncle Maître Comte comte Baron Roi Prince Abbé Don
    """,
    "female_titles": """
        Mme Mlle Madame madame Mademoiselle mademoiselle Mère mère Tante tante Comtesse Baronne Reine
    """,
    "titles": """
        Docteur docteur Dr Capitaine capitaine Colonel colonel Général Commissaire commissaire Inspecteur
        Professeur Juge
    """,
    "ranks": """
        docteur=Docteur capitaine=Capitaine colonel=Colonel général=Général commissaire=Commissaire
        inspecteur=Inspecteur professeur=Professeur comte=Comte comtesse=Comtesse abbé=Abbé
    """,
    "male_names": """
        Alain André Antoine Armand Auguste Charles Claude Denis Émile Étienne Eugène Fabrice François
        Georges Gérard Gilles Guillaume Gustave Henri Hugo Jacques Jean Jérôme Jules Julien Laurent Léon
        Lucien Luc Marcel Marc Mathieu Maurice Michel Nicolas Olivier Pascal Philippe Pierre Rémy René
        Robert Roger Théodore Théo Thierry Victor Vincent Xavier Yves
    """,
    "female_names": """
        Adèle Agathe Aline Amélie Anaïs Antoinette Aurélie Berthe Blanche Brigitte Camille Cécile Chantal
        Charlotte Claudine Clémence Colette Édith Élise Élodie Émilie Emma Eugénie Françoise Geneviève
        Germaine Hélène Henriette Hortense Isabelle Jacqueline Jeanne Joséphine Juliette Julie Léa Lise
        Lucie Madeleine Margot Marguerite Marie Marthe Mathilde Monique Nathalie Nicole Odette Pauline
        Sophie Simone Suzanne Thérèse Valérie Yvonne
    """,
    "people": """
        homme femme garçon fille enfant dame monsieur vieux vieille étranger boulanger médecin curé maître
        élève cocher soldat juge serveur meunier roi reine prince princesse employé aubergiste voyageur
        gendarme
    """,
    "common": "le la les de des et un une il elle que qui dans est était ne pas je vous sur",
    "no_names": """
        Le La Les L’ Un Une Des Il Elle Ils Elles Je Tu Nous Vous On Et Mais Ou Donc Car Alors Puis Quand
        Comme Si Ce Cet Cette Ces Son Sa Ses Mon Ma Mes Notre Votre Leur À Au Aux De Du Dans Sur Sous Avec
        Sans Pour Par Oui Non Ah Oh Eh Hé Bon Bien Tiens Enfin Soudain Aussitôt Maintenant Ici Là Rien
        Personne Tout Tous Que Qui Quoi Où Pourquoi Comment Naturellement Pardon Merci Dieu
    """,
}

SPANISH = {
    "men": "hombre niño muchacho padre marido hijo hermano tío rey príncipe señor cura",
    "women": "mujer niña muchacha madre esposa hija hermana tía reina princesa señora criada",
    "wives": "mujer esposa",
    "parents": "padre madre",
    "verbs": """
        dijo dice decía preguntó pregunta respondió responde contestó contesta replicó exclamó exclama gritó
        grita susurró susurra murmuró murmura añadió añade agregó repitió repite insistió explicó continuó
        prosiguió siguió comenzó empezó interrumpió ordenó suplicó rogó protestó observó comentó admitió
        confesó aseguró afirmó declaró anunció pensó suspiró rió sonrió gruñó bramó chilló lloró gimió
        balbuceó tartamudeó saludó llamó advirtió aconsejó propuso sugirió prometió juró mintió corrigió
        concluyó terminó quiso
    """,
    "he": "él",
    "she": "ella",
    "they": "ellos ellas nosotros todos",
    "first": "yo",
    "his": "",
    "her": "",
    "definite": "el la los las este esta aquel aquella",
    "determiners": "un una unos unas su sus mi mis nuestro alguien nadie otro otra",
    "ends": """
        y o pero de del en a al con sin para por que quien cuando como sobre hacia entre mientras se
    """,
    "adverbs": "entonces luego después ya casi también al fin",
    "adjectives": "viejo vieja joven pobre buen buena gran",
    "male_titles": "Don don Señor señor Sr. Tío tío Padre padre Fray fray",
    "female_titles": "Doña doña Señora señora Sra. Señorita señorita Tía tía Madre madre Sor sor",
    "titles": "Doctor doctor Capitán capitán Coronel coronel General general Profesor profesor",
    "ranks": "doctor=Doctor capitán=Capitán coronel=Coronel profesor=Profesor",
    "male_names": """
        Alejandro Alfonso Andrés Ángel Antonio Carlos Diego Eduardo Emilio Enrique Esteban Felipe Fernando
        Francisco Gabriel Ignacio Javier Jorge José Juan Julio Luis Manuel Mario Mateo Miguel Pablo Pedro
        Rafael Ramón Roberto Santiago Sergio Tomás Vicente
    """,
    "female_names": """
        Alicia Ana Beatriz Carmen Catalina Consuelo Dolores Elena Esperanza Inés Isabel Josefa Juana Leonor
        Lucía Luisa Manuela Marta Mercedes Pilar Rosario Teresa
    """,
    "common": "el la los las de y que en un una se no por con su es era lo para",
    "no_names": """
        El La Los Las Un Una Y Pero O Si No Sí Él Ella Ellos Yo Tú Usted Nosotros Entonces Luego Después
        Cuando Como Su Sus Mi Mis En De Del A Al Con Sin Por Para Que Quién Qué Dónde Cómo Nada Nadie Todo
        Todos Hoy Ayer Mañana Este Esta Ese Esa Eso Dios Siempre Buenos Buenas
    """,
}

ITALIAN = {
    "men": "uomo ragazzo padre marito figlio fratello zio re principe signore prete",
    "women": "donna ragazza madre moglie figlia sorella zia regina principessa signora serva",
    "wives": "moglie",
    "parents": "padre madre",
    "verbs": """
        disse dice diceva chiese chiede domandò domanda rispose risponde replicò esclamò esclama gridò grida
        sussurrò mormorò aggiunse continuò riprese ripeté insistette spiegò ordinò sospirò rise urlò fece
        osservò ammise concluse cominciò interruppe protestò salutò balbettò
    """,
    "he": "lui egli",
    "she": "lei ella",
    "they": "loro essi noi tutti",
    "first": "io",
    "definite": "il lo la i gli le l’ questo questa quel quella",
    "determiners": "un uno una suo sua mio mia qualcuno nessuno",
    "ends": """
        e o ma di del della in nel a al con senza per da dal che chi quando come su tra mentre si
    """,
    "adverbs": "poi allora infine piano subito ancora",
    "adjectives": "vecchio vecchia giovane povero povera buon piccolo piccola",
    "male_titles": "Signor signor Don don Zio zio Padre padre Conte conte",
    "female_titles": "Signora signora Signorina signorina Zia zia Madre madre Contessa contessa",
    "titles": "Dottor dottor Capitano capitano Professor professor",
    "male_names": """
        Alberto Alessandro Andrea Antonio Carlo Davide Enrico Fabio Francesco Franco Giacomo Giorgio
        Giovanni Giulio Giuseppe Guido Luca Luigi Marco Matteo Nicola Paolo Pietro Riccardo Roberto Stefano
        Vittorio
    """,
    "female_names": """
        Angela Bianca Caterina Chiara Elena Francesca Gianna Ginevra Giovanna Giulia Ilaria Laura Lucia
        Luisa Margherita Paola Silvia Teresa
    """,
    "common": "il lo la gli le di e che un una non si per con era sono è del della",
    "no_names": """
        Il Lo La I Gli Le Un Una E Ma O Se No Sì Lui Lei Io Tu Noi Voi Loro Poi Allora Quando Come Suo Sua
        In Di Del A Al Con Senza Per Che Chi Dove Niente Nessuno Tutti Oggi Ieri Domani Questo Quello Dio
    """,
}

LISTS: dict[str, dict[str, str]] = {"en": ENGLISH, "de": GERMAN, "fr": FRENCH, "es": SPANISH, "it": ITALIAN}
"""By language: lists of words under the names that `words.Words` gives them."""
