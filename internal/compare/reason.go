package compare

// Reason is why two sources differ, or why one has nothing. The set is closed: what none of them fits is Unexplained.
type Reason string

// The reasons. Those in the second half say why a source has nothing at all.
const (
	NotProcessed Reason = "not yet processed"
	MovedOn      Reason = "moved on"
	NotTonight   Reason = "not before tonight"
	Changed      Reason = "changed since"
	Cut          Reason = "cut"
	Unexplained  Reason = "unexplained"

	Purged       Reason = "purged"
	Outlived     Reason = "outlived"
	NotExtracted Reason = "not extracted"
	NoLive       Reason = "no live objects"
	Forbidden    Reason = "no permission"
	Throttled    Reason = "throttled"
	Failed       Reason = "failed"
	NotAsked     Reason = "not asked"
)

// sentences say each reason in words, and what to do.
var sentences = map[Reason]string{
	NotProcessed: "Analytics finish a conversation some minutes after its end, and show one that goes on some seconds late. Ask again a little later.",
	MovedOn:      "The conversation goes on, and the sources were asked one after the other.",
	NotTonight:   "Jobs see what the last nightly batch moved, as it was then. Ask again after the next one.",
	Changed:      "The platform changed the record after the lake had read it. Read its day again with parley extract --again.",
	Cut:          "Results of jobs, and so the lake, have the first 1,024 characters of a name or value of an attribute. The live object has all of it.",
	Unexplained:  "No reason is known. Ask again; if it stays, look at what changed the record, or tell the platform's support.",

	Purged:       "The platform keeps live objects for 60 days after the end. Ask for the record: analytics keep it longer.",
	Outlived:     "Analytics keep records for some 18 months, unless told otherwise. What is older is in a lake only.",
	NotExtracted: "The lake has not read the day on which the conversation started. parley extract reads it.",
	NoLive:       "This server has records alone: an archive has no live objects. Ask the platform.",
	Forbidden:    "The client lacks a permission. The message names it.",
	Throttled:    "The platform asked to slow down for too long. Run again later.",
	Failed:       "The source could not be asked. The message says why.",
	NotAsked:     "The source was not asked.",
}

// Sentence says a reason in words, and what to do.
func (r Reason) Sentence() string { return sentences[r] }

// Reasons are all of them, in the order of the documentation.
func Reasons() []Reason {
	return []Reason{
		NotProcessed, MovedOn, NotTonight, Changed, Cut, Unexplained,
		Purged, Outlived, NotExtracted, NoLive, Forbidden, Throttled, Failed, NotAsked,
	}
}
