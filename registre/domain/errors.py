"""Every error that decides a job's fate.

    RegistreError
    ├── Refused              refuse
    │   ├── InvalidRequest        invalid_request      the order itself cannot be placed
    │   ├── OptionNotFound        option_not_found     no circonscription, cadastre or type of that name
    │   ├── OptionAmbiguous       option_ambiguous     several are equally close: we do not pick a neighbour
    │   ├── NotFound              not_found            the registry says it does not exist
    │   ├── SimilarOnly           ambiguous            only documents with similar numbers are offered
    │   ├── PaperOnly             paper_only           it exists on paper only
    │   └── InactiveLot           inactive_lot         the lot is inactive and has no index to show
    ├── Deferred             defer
    │   ├── NoAccount             no_account           every account of the site is leased, cooling or benched
    │   ├── SiteUnavailable       site_unavailable     maintenance or closed hours
    │   ├── BeingBought           being_bought         another order is buying this very document now
    │   ├── SettlingCharge        settling_charge      an interrupted purchase is about to be looked up
    │   ├── CeilingReached        ceiling_reached      the day's spending ceiling is reached
    │   ├── LimitsUnavailable     limits_unavailable   Redis is away: nobody knows how much quota is left
    │   ├── QuotaWait             quota_wait           the page reader's quota is used up for now
    │   ├── ReadingCeiling        reading_ceiling      the day's ceiling for paid reading is reached
    │   ├── BeingRead             being_read           another order of the same document is reading it
    │   ├── ReadingGoesOn         reading_goes_on      a long document gives way to the others between two pages
    │   ├── GeminiMisconfigured   gemini_misconfigured  Gemini refuses the key, the model or the request itself
    │   └── Released              released             handed back at shutdown
    ├── Transient            retry
    │   ├── LeaseExpired          lease_expired        the process that worked on it stopped answering
    │   ├── SiteError             site_error           HTTP 5xx, reset, hang, ASP error page
    │   ├── SiteUnreachable       site_unreachable     no connection at all
    │   ├── PageTimeout           page_timeout         a page we know did not arrive in time
    │   ├── SessionLost           session_lost         the site forgot us, twice in a row
    │   ├── LoginFailed           auth_failed          code or password refused
    │   ├── AccountBenched        account_locked       the account needs a person; another account may do
    │   ├── StorageFailed         storage_failed       object storage did not take or give back the bytes
    │   ├── StageTimeout          stage_timeout        the stage used up its time budget
    │   ├── ReaderFailed          reader_failed        a reader broke on a page
    │   └── GeminiUnavailable     gemini_unavailable   Gemini did not answer, or with errors, several times in a row
    ├── Infrastructure       infra
    │   ├── BrowserLost           browser_lost         the browser died or could not start
    │   └── DatabaseAway          database_away        the database did not answer while a stage ran
    ├── Drifted              drift
    │   ├── LayoutChanged         layout_changed       a screen or control we rely on is missing
    │   ├── UnexpectedMessage     unexpected_message   the site said a sentence we do not know
    │   └── Challenge             challenge            an access-control page; named, never defeated
    ├── NeedsPerson          person
    │   ├── ChargeUnproven        charge_unproven      it may have been paid; we will not pay twice to find out
    │   ├── DocumentLate          document_timeout     paid for, never delivered
    │   ├── UnknownEngine         unknown_engine       a reader was asked for that is not installed
    │   ├── PagesUnread           pages_unread         pages that no reader can read; the others are read
    │   ├── DocumentCeiling       document_ceiling     reading this one document has cost what it may
    │   ├── BadPdf                bad_pdf              what was delivered is not a whole PDF
    │   ├── WrongDocument         wrong_document       a PDF, but not the one ordered
    │   └── PoisonJob             poison_job           its worker died each time it was tried
    ├── Fenced               (no verdict: the result is dropped, the new owner decides)
    └── ConfigurationError   (never a job's fate: the process or command stops and says what to set)

A class fixes `code` (stored on the job, printed, counted), `verdict`, a default message for a person
(French, shown on the row) and `hint`, what a person does next. Constructors only store.
"""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

from registre.domain.exits import Exit
from registre.domain.verdict import Verdict


class RegistreError(Exception):
    """Base of every error we raise on purpose."""

    code: ClassVar[str] = "bug"
    verdict: ClassVar[Verdict] = Verdict.BUG
    message: ClassVar[str] = "Erreur interne."
    hint: ClassVar[str] = "registre status ID montre le déroulement; signalez l'erreur avec cette sortie."

    def __init__(self, text: str | None = None, *, screen: str | None = None) -> None:
        super().__init__(text or self.message)
        #: what a person reads
        self.text = text or self.message
        #: name of the site's screen on which it happened, for grouping
        self.screen = screen
        #: object key of the masked snapshot, filled in where one was taken
        self.snapshot: str | None = None
        #: the same by file name, for the report: masked markup and picture
        self.evidence: dict[str, bytes] = {}
        #: for errors that leave a purchase: False provably nothing was charged, True it was, None unknown
        self.charged: bool | None = None


class Refused(RegistreError):
    code = "refused"
    verdict = Verdict.REFUSE
    message = "Le registre a refusé la demande."


class InvalidRequest(Refused):
    code = "invalid_request"
    message = "La demande est incomplète ou mal formée."
    hint = "Corrigez la ligne (numéro, circonscription, cadastre, type d'acte), puis remettez status_id à 1."


class OptionNotFound(Refused):
    code = "option_not_found"
    message = "Le site n'offre aucune option de ce nom."
    hint = "Corrigez le nom d'après les choix cités, puis remettez status_id à 1."

    def __init__(self, text: str | None = None, *, candidates: tuple[str, ...] = (), screen: str | None = None):
        super().__init__(text, screen=screen)
        #: the closest options the site offers, best first
        self.candidates = candidates


class OptionAmbiguous(OptionNotFound):
    code = "option_ambiguous"
    message = "Plusieurs options correspondent; aucune n'a été choisie."


class NotFound(Refused):
    code = "not_found"
    message = "Le document demandé est inexistant."
    hint = "Vérifiez le numéro, la circonscription et le cadastre; rien n'a été payé."


class SimilarOnly(Refused):
    code = "ambiguous"
    message = "Le registre ne propose que des numéros semblables; aucun n'a été acheté."
    hint = "Comparez avec les numéros proposés, corrigez la demande, puis remettez status_id à 1."


class PaperOnly(Refused):
    code = "paper_only"
    message = "Le document n'existe que sur papier."
    hint = "Commandez-le au bureau de la publicité des droits."


class InactiveLot(Refused):
    code = "inactive_lot"
    message = "Le lot est inactif."
    hint = "Cherchez le lot qui le remplace (concordance)."


class Deferred(RegistreError):
    code = "deferred"
    verdict = Verdict.DEFER
    message = "En attente."
    #: how long to wait before looking again
    delay: timedelta = timedelta(seconds=30)


class NoAccount(Deferred):
    code = "no_account"
    message = "Aucun compte du registre n'est libre."
    hint = "registre accounts list ; ajoutez un compte (registre accounts add) ou réactivez-en un."
    delay = timedelta(seconds=5)


class SiteUnavailable(Deferred):
    code = "site_unavailable"
    message = "Le registre est fermé ou en maintenance."
    hint = "Rien à faire: la demande repart à la réouverture."
    delay = timedelta(seconds=60)


class BeingBought(Deferred):
    code = "being_bought"
    message = "Une autre demande achète ce document en ce moment; il servira aux deux."
    hint = "Rien à faire."
    delay = timedelta(seconds=2)


class SettlingCharge(Deferred):
    code = "settling_charge"
    message = "Un achat interrompu se dénoue; l'historique du registre sera consulté."
    hint = "Rien à faire."
    delay = timedelta(seconds=10)


class CeilingReached(Deferred):
    code = "ceiling_reached"
    message = "Le plafond de dépenses du jour est atteint."
    hint = "Attendez demain, ou relevez le plafond puis registre requeue --code ceiling_reached --yes."

    def __init__(self, text: str | None = None, *, wait: timedelta = timedelta(minutes=10)) -> None:
        super().__init__(text)
        self.delay = wait


class LimitsUnavailable(Deferred):
    code = "limits_unavailable"
    message = "Redis ne répond pas: la lecture payante attend."
    hint = "Rien à faire si Redis revient; sinon registre diagnose, puis registre up ou REDIS_URL."
    delay = timedelta(seconds=5)


class QuotaWait(Deferred):
    code = "quota_wait"
    message = "Le quota du lecteur payant est utilisé pour l'instant."
    hint = "Rien à faire: la lecture repart d'elle-même; registre capacity montre le quota."

    def __init__(self, text: str | None = None, *, wait: timedelta = Deferred.delay) -> None:
        super().__init__(text)
        self.delay = wait


class ReadingCeiling(QuotaWait):
    code = "reading_ceiling"
    message = "Le plafond du jour pour la lecture payante est atteint."
    hint = "Attendez minuit (heure du Pacifique) ou relevez GEMINI_DAILY_CEILING_CENTS."


class BeingRead(Deferred):
    code = "being_read"
    message = "Une autre demande lit déjà ce document."
    hint = "Rien à faire: les deux demandes partageront la lecture."
    delay = timedelta(seconds=5)


class ReadingGoesOn(Deferred):
    code = "reading_goes_on"
    message = "Document long: les autres ont leur tour, puis la suite sera lue."
    hint = "Rien à faire: ce qui est lu est gardé."
    delay = timedelta(0)


class GeminiMisconfigured(Deferred):
    code = "gemini_misconfigured"
    message = "Gemini refuse la clé, le modèle ou la demande."
    hint = "Corrigez GEMINI_API_KEY ou GEMINI_MODEL, puis registre requeue --code gemini_misconfigured --yes."
    delay = timedelta(minutes=10)


class Released(Deferred):
    code = "released"
    message = "Remis en file à l'arrêt du processus."
    hint = "Rien à faire."
    delay = timedelta(0)


class Transient(RegistreError):
    code = "transient"
    verdict = Verdict.RETRY
    message = "Erreur passagère."
    hint = "Relancez plus tard: registre requeue ID --yes."


class LeaseExpired(Transient):
    code = "lease_expired"
    message = "Le processus qui travaillait ne répond plus; la demande est reprise."
    hint = "Rien à faire."


class SiteError(Transient):
    code = "site_error"
    message = "Le site du registre a répondu par une erreur."


class SiteUnreachable(Transient):
    code = "site_unreachable"
    message = "Le site du registre ne répond pas."
    hint = "Vérifiez REGISTRE_FONCIER_URL et le réseau, puis registre requeue --code site_unreachable --yes."


class PageTimeout(Transient):
    code = "page_timeout"
    message = "Une page du registre n'est pas arrivée à temps."


class SessionLost(Transient):
    code = "session_lost"
    message = "La session au registre a expiré deux fois de suite."


class LoginFailed(Transient):
    code = "auth_failed"
    message = "Le registre a refusé le code d'utilisateur ou le mot de passe."
    hint = "registre accounts list ; corrigez le mot de passe: registre accounts add CODE."


class AccountBenched(Transient):
    code = "account_locked"
    message = "Le compte est verrouillé ou demande l'action d'une personne."
    hint = "Réglez le compte sur le site du registre, puis registre accounts enable CODE."


class StorageFailed(Transient):
    code = "storage_failed"
    message = "Le stockage n'a pas pris ou rendu le document."
    hint = "Vérifiez l'espace disque et REGISTRE_OBJECTS, puis registre requeue --code storage_failed --yes."


class StageTimeout(Transient):
    code = "stage_timeout"
    message = "L'étape a dépassé son temps."


class ReaderFailed(Transient):
    code = "reader_failed"
    message = "La lecture d'une page a échoué."
    hint = "registre requeue --code reader_failed --yes relit sans racheter."


class Infrastructure(RegistreError):
    code = "infrastructure"
    verdict = Verdict.INFRA
    message = "Un moyen de travail manque."
    hint = "registre diagnose dit lequel; ensuite registre requeue ID --yes."


class BrowserLost(Infrastructure):
    code = "browser_lost"
    message = "Le navigateur s'est arrêté ou n'a pas pu démarrer."
    hint = "registre diagnose --host vérifie le navigateur; ensuite registre requeue --code browser_lost --yes."


class DatabaseAway(Infrastructure):
    code = "database_away"
    message = "La base de données n'a pas répondu pendant le travail."
    hint = "registre diagnose vérifie la base; ensuite registre requeue --code database_away --yes."


class GeminiUnavailable(Transient):
    code = "gemini_unavailable"
    message = "Gemini ne répond pas, ou par des erreurs."
    hint = "registre requeue --code gemini_unavailable --yes relit sans racheter."


class Drifted(RegistreError):
    code = "drift"
    verdict = Verdict.DRIFT
    message = "La page du registre n'est plus celle que nous connaissons."
    hint = "Voyez la capture (registre status ID); le profil du site est à corriger."


class LayoutChanged(Drifted):
    code = "layout_changed"
    message = "Un élément attendu manque à la page du registre."


class UnexpectedMessage(Drifted):
    code = "unexpected_message"
    message = "Le registre affiche une phrase inconnue."


class Challenge(Drifted):
    code = "challenge"
    message = "Le site demande une vérification d'accès; registre ne la contourne pas."
    hint = "Une personne doit se connecter au site; ensuite registre requeue --code challenge --yes."


class NeedsPerson(RegistreError):
    code = "needs_person"
    verdict = Verdict.PERSON
    message = "Une personne doit trancher."


class ChargeUnproven(NeedsPerson):
    code = "charge_unproven"
    message = "L'achat a peut-être été facturé; rien ne sera racheté sans décision."
    hint = "Vérifiez la facturation du compte; ensuite registre requeue ID --rebuy --yes s'il n'a pas été facturé."


class DocumentLate(NeedsPerson):
    code = "document_timeout"
    message = "Le document acheté n'a pas été livré à temps."
    hint = ChargeUnproven.hint


class UnknownEngine(NeedsPerson):
    code = "unknown_engine"
    message = "Le lecteur demandé n'est pas installé."
    hint = "Donnez GEMINI_API_KEY au processus ocr ou installez tesseract-ocr-fra; ou registre ocr ID --engine offline."


class PagesUnread(NeedsPerson):
    code = "pages_unread"
    message = "Des pages du document ne se laissent pas lire."
    hint = (
        "Les autres pages sont lues (registre show ID); relisez par un autre lecteur: registre ocr ID --engine gemini."
    )


class DocumentCeiling(NeedsPerson):
    code = "document_ceiling"
    message = "La lecture de ce document a coûté ce qu'elle pouvait coûter."
    hint = "Relevez GEMINI_DOCUMENT_CEILING_CENTS, puis registre requeue ID --yes; ou lisez-le sans lecteur payant."


class BadPdf(NeedsPerson):
    code = "bad_pdf"
    message = "Le fichier livré n'est pas un PDF entier."
    hint = "Les octets reçus sont gardés (registre status ID); réclamez au registre ou requeue ID --rebuy --yes."


class WrongDocument(NeedsPerson):
    code = "wrong_document"
    message = "Le PDF livré ne porte pas le numéro demandé."
    hint = BadPdf.hint


class PoisonJob(NeedsPerson):
    code = "poison_job"
    message = "Le processus s'est arrêté à chaque essai de cette demande."
    hint = "registre status ID, corrigez la cause, puis registre requeue ID --yes."


class Fenced(RegistreError):
    """Another worker owns the job now: drop the result. Raised when a fenced write touched no row."""

    code = "fenced"
    message = "Un autre processus a repris la demande."


class ConfigurationError(RegistreError):
    """A setting is missing or malformed, or this machine lacks something. Names it and says what to do."""

    code = "configuration"
    message = "La configuration est incomplète."

    def __init__(self, text: str | None = None, *, exits: Exit = Exit.SETTINGS) -> None:
        super().__init__(text)
        #: what a worker process ends with
        self.exits = exits
