"""The stock of sentences actes are made of; none comes from a real deed."""

from __future__ import annotations

from typing import Final

#: What an acte of each nature does, in one sentence.
OBJECTS: Final = {
    "Vente": (
        "Le vendeur vend à l'acquéreur, qui accepte, l'immeuble ci-après désigné, avec la garantie légale, "
        "tel qu'il se trouve et dont l'acquéreur se déclare satisfait pour l'avoir vu et examiné."
    ),
    "Hypothèque": (
        "Le créancier prête au débiteur, qui le reconnaît, la somme ci-après énoncée. Pour en garantir le "
        "remboursement, le débiteur hypothèque en faveur du créancier l'immeuble ci-après désigné."
    ),
    "Obligation": (
        "Le débiteur reconnaît devoir au créancier la somme ci-après énoncée, pour prêt de pareille somme, et "
        "affecte et hypothèque l'immeuble ci-après désigné en garantie de son remboursement."
    ),
    "Hypothèque légale de la construction": (
        "Le créancier donne avis que l'immeuble ci-après désigné est grevé d'une hypothèque légale pour les "
        "travaux qu'il y a exécutés à la demande du débiteur et qui sont demeurés impayés."
    ),
    "Privilège": (
        "Le créancier enregistre son privilège sur l'immeuble ci-après désigné pour les travaux et matériaux "
        "qu'il y a fournis à la demande du débiteur et qui sont demeurés impayés."
    ),
    "Quittance": (
        "Le créancier reconnaît avoir reçu tout ce qui lui était dû en capital, intérêts et frais, en donne "
        "quittance générale et finale au débiteur et consent à la radiation totale de l'inscription de ses "
        "droits."
    ),
    "Mainlevée": (
        "Le créancier accorde mainlevée de ses droits grevant l'immeuble ci-après désigné et requiert "
        "l'officier de la publicité des droits d'en radier l'inscription."
    ),
    "Radiation": (
        "Le créancier requiert l'officier de la publicité des droits de radier l'inscription de tous les "
        "droits qu'il détient dans l'immeuble ci-après désigné."
    ),
    "Cession de rang": (
        "Le cédant cède au cessionnaire, qui accepte, la priorité de rang de l'hypothèque qu'il détient sur "
        "l'immeuble ci-après désigné, de sorte que celle du cessionnaire prenne rang avant la sienne."
    ),
    "Servitude": (
        "La première partie constitue sur l'immeuble ci-après désigné, fonds servant, en faveur de la "
        "deuxième partie, une servitude réelle et perpétuelle pour les fins décrites aux présentes."
    ),
    "Donation": (
        "Le donateur donne entre vifs et de façon irrévocable au donataire, qui accepte, l'immeuble ci-après "
        "désigné, à charge pour le donataire d'en acquitter les taxes à compter de ce jour."
    ),
    "Testament": (
        "Je lègue à mon légataire, que je nomme liquidateur de ma succession, l'universalité de mes biens "
        "meubles et immeubles, dont l'immeuble ci-après désigné, et je révoque tout testament antérieur."
    ),
    "Déclaration de transmission": (
        "Le légataire déclare que par suite du décès du propriétaire inscrit, l'immeuble ci-après désigné lui "
        "a été transmis aux termes du testament, qu'il a accepté la succession et qu'elle est liquidée."
    ),
    "Bail": (
        "Le locateur loue au locataire, qui accepte, l'immeuble ci-après désigné, pour le terme et moyennant "
        "le loyer que les parties ont établis, avec faculté de renouvellement aux mêmes conditions."
    ),
    "Avis d'adresse": (
        "Le requérant donne avis que son adresse, aux fins de la notification de tout avis relatif au droit "
        "qu'il détient dans l'immeuble ci-après désigné, est celle indiquée ci-dessus."
    ),
}
OBJECT_OTHERWISE: Final = (
    "Le requérant demande à l'officier de la publicité des droits de faire au registre foncier toute "
    "inscription utile relativement à l'immeuble ci-après désigné, conformément aux pièces produites avec "
    "les présentes."
)

#: Heading and text.
CLAUSES: Final = (
    (
        "POSSESSION",
        ("L'acquéreur du droit en deviendra titulaire à compter de ce jour, avec possession et occupation immédiates."),
    ),
    (
        "DOSSIER DE TITRES",
        (
            "Les titres antérieurs seront remis sur demande, sans obligation d'en fournir de plus anciens que "
            "ceux qui sont en la possession de celui qui s'oblige."
        ),
    ),
    (
        "TAXES ET IMPOSITIONS",
        (
            "Toutes les taxes et cotisations échues, générales et spéciales, municipales et scolaires, ont été "
            "acquittées sans subrogation jusqu'au premier jour du mois courant, et les parties s'en font remise "
            "réciproque."
        ),
    ),
    (
        "CERTIFICAT DE LOCALISATION",
        (
            "Les parties ont pris connaissance du certificat de localisation préparé par un arpenteur-géomètre et "
            "déclarent qu'aucun changement n'est survenu depuis dans l'état des lieux."
        ),
    ),
    (
        "ZONAGE",
        (
            "L'immeuble n'est pas situé dans une aire retenue pour fins de contrôle ni dans une zone agricole "
            "décrétée, sauf ce qui peut résulter du plan conservé au greffe de la municipalité."
        ),
    ),
    (
        "ASSURANCES",
        (
            "Les bâtiments devront être tenus assurés contre l'incendie pour leur pleine valeur de remplacement, "
            "et la police, avec la preuve du paiement des primes, remise à première demande."
        ),
    ),
    (
        "DÉFAUT",
        (
            "À défaut d'un paiement dans les trente jours de son échéance, le solde deviendra exigible sans mise "
            "en demeure, et les frais engagés pour la conservation du droit s'ajouteront à la dette."
        ),
    ),
    (
        "SERVITUDES EXISTANTES",
        (
            "L'immeuble est sujet aux servitudes de passage, de vue et d'écoulement des eaux qui peuvent être "
            "inscrites au registre, et qui sont bien connues des parties."
        ),
    ),
    (
        "ENTRETIEN",
        (
            "Les lieux seront entretenus en bon père de famille, les réparations locatives faites en temps utile, "
            "et l'accès permis sur préavis de quarante-huit heures."
        ),
    ),
    (
        "SOLIDARITÉ",
        (
            "Si plus d'une personne est tenue à une même obligation aux termes des présentes, elle l'est "
            "solidairement, sans bénéfice de division ni de discussion."
        ),
    ),
    (
        "ÉLECTION DE DOMICILE",
        (
            "Pour l'exécution des présentes, les parties élisent domicile à leur adresse respective ou, à défaut, "
            "au greffe de la Cour supérieure du district où l'immeuble est situé."
        ),
    ),
    (
        "FRAIS ET HONORAIRES",
        (
            "Les frais et honoraires des présentes, de leur publicité et des copies seront à la charge de celui "
            "au profit de qui le droit est constitué."
        ),
    ),
    (
        "DROITS SUR LES MUTATIONS",
        (
            "Les parties établissent la valeur de la contrepartie au montant énoncé aux présentes et déclarent "
            "que le droit de mutation sera acquitté, à moins d'exonération prévue par la loi."
        ),
    ),
    (
        "ÉTAT CIVIL ET RÉGIME MATRIMONIAL",
        (
            "Chacune des personnes physiques comparantes déclare que son état civil et son régime matrimonial "
            "n'ont fait ni ne font l'objet d'aucun changement."
        ),
    ),
    (
        "RÉSIDENCE",
        (
            "Les comparants déclarent être résidents canadiens au sens des lois fiscales et en font une "
            "déclaration solennelle, la croyant consciencieusement vraie."
        ),
    ),
    (
        "DÉCLARATIONS RELATIVES AUX TRAVAUX",
        (
            "Aucuns travaux de construction ou de rénovation n'ont été exécutés sur l'immeuble depuis six mois "
            "qui n'aient été entièrement payés."
        ),
    ),
    (
        "ENVIRONNEMENT",
        (
            "Aucun réservoir n'est enfoui dans le sol et, à la connaissance des parties, aucun contaminant n'y a "
            "été déposé en quantité supérieure aux normes en vigueur."
        ),
    ),
    (
        "INTERPRÉTATION",
        (
            "Chaque fois que le contexte le requiert, le masculin comprend le féminin et le singulier le pluriel; "
            "les titres n'ont été insérés que pour la commodité de la lecture."
        ),
    ),
)
