package organization

// Names of the centre's parts. All are made up.
var (
	divisionNames = []string{"Home", "Member Services", "Claims"}
	skillNames    = []string{"English", "Spanish", "Billing", "Claims", "Tier 2", "Pharmacy", "Retention", "Sales", "Web Support"}
	languageNames = []string{"English - Written", "Spanish - Written"}
	groupNames    = []string{"Billing mailbox", "Sick Line mailbox", "Facilities mailbox", "Provider mailbox"}
	formNames     = []string{"Call Quality", "Compliance"}
	surveyNames   = []string{"After-call survey", "Messaging survey"}
	campaignNames = []string{"Renewal Preview", "Open Enrollment", "Card Activation Preview", "Welcome Calls"}
	codeNames     = []string{
		"Resolved", "Callback promised", "Transferred", "Wrong number", "No answer", "Left message", "Billing question answered",
		"Payment taken", "Claim opened", "Claim status given", "Address changed", "Card ordered", "Plan explained",
		"Complaint taken", "Escalated", "Technical issue", "Follow-up needed", "Caller disconnected", "Test call", "Refill ordered",
		"Prior authorization", "Quote given", "Policy cancelled", "Policy kept", "Appointment made", "Document requested", "Duplicate contact",
	}
	flowNames = []string{
		"Main Menu", "Member Services", "Claims Self Service", "Pharmacy Line", "Agent Extension", "Sick Line", "Provider Line", "After Hours",
	}
	staffTitles = []string{"Accountant", "Case Manager", "Analyst", "Facilities", "Account Manager", "Trainer"}
	firstNames  = []string{
		"Ada", "Bruno", "Carla", "Dmitri", "Elena", "Farid", "Greta", "Hugo", "Ines", "Jonas", "Keiko", "Lars", "Mira", "Noor", "Otis",
		"Petra", "Quinn", "Rosa", "Silas", "Tamar",
	}
	lastNames = []string{
		"Abbott", "Birch", "Calder", "Dunn", "Easton", "Frost", "Grove", "Hale", "Irving", "Jarrow", "Keel", "Lindqvist", "Marsh",
		"Nolan", "Osprey", "Pike", "Quill", "Rowan", "Stone", "Thorne", "Underhill", "Vale", "Wren",
	}
	cities = []string{
		"Springfield", "Greenfield", "Juniper", "Ashford", "Hillview", "Fairview", "Harborview", "Ironwood", "Northgate", "Larkspur",
		"Glenwood", "Maple Bend", "Riverton", "Stonebridge", "Westmoor",
	}
	states = []string{"AZ", "CA", "CO", "FL", "IL", "KY", "MA", "NJ", "NV", "NY", "OH", "OR", "PA", "TX", "VA", "WA"}
	menus  = [][]string{
		{"Billing question", "Claim status", "New claim", "Order a card", "Change of address", "Something else"},
		{"Find a provider", "Benefits", "Cancel membership", "Something else"},
		{"Claim status", "New claim", "Documents", "Something else"},
		{"Prescription refill", "Order status", "Speak to a pharmacist"},
	}
	prefixes = []string{"APPX_Flow_", "DEBUG_", "REQR_", "MTX_", "SFCustom"}
	subjects = []string{"Schedule", "Routing", "Prompt", "Holiday", "Callback", "Voicemail", "Language", "Lookup", "Debug", "Screen", "Survey", "Cache"}
	aspects  = []string{"Result", "Group", "Status", "Offer", "Threshold", "Override", "Version", "Name", "Flag"}
	values   = []string{
		"", "T", "F", "true", "SUCCESS", "90", "English", "MON-FRI_8AM-8PM", "Unscheduled_Closed", "schedule evaluated to Open",
		"record is current, not older than 7 days", "Member Services", "Tier 2", "Default", "0",
	}
)
