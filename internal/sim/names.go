package sim

// Names of the centre's parts. All are made up.
var (
	divisionNames = [divisionCount]string{"Home", "Member Services", "Claims"}
	skillNames    = [skillCount]string{"English", "Spanish", "Billing", "Claims", "Tier 2", "Pharmacy", "Retention", "Sales", "Web Support"}
	queueNames    = [queueCount]string{
		"Member Services | General | English", "Billing and Payments", "Claims | New", "Claims | Existing", "Pharmacy Support",
		"Member Services | General | Spanish", "Retention", "Sales | Individual Plans", "Sales | Employer Groups",
		"Provider Relations", "Web Support | Tier 2", "Escalations",
	}
	codeNames = [codeCount - 1]string{
		"Resolved", "Callback promised", "Transferred", "Wrong number", "No answer", "Left message", "Billing question answered",
		"Payment taken", "Claim opened", "Claim status given", "Address changed", "Card ordered", "Plan explained",
		"Complaint taken", "Escalated", "Technical issue", "Follow-up needed", "Caller disconnected", "Test call",
	}
	flowNames = [flowCount]string{
		"Main Menu", "Member Services", "Claims Self Service", "Pharmacy Line", "Agent Extension", "Sick Line", "Provider Line", "After Hours",
	}
	firstNames = []string{
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
	states    = []string{"AZ", "CA", "CO", "FL", "IL", "KY", "MA", "NJ", "NV", "NY", "OH", "OR", "PA", "TX", "VA", "WA"}
	areaCodes = []string{
		"205", "212", "216", "225", "231", "239", "253", "303", "312", "404", "415", "503", "512", "602", "617", "702", "713", "804", "917",
	}
	notes = []string{
		"Caller will send the form by mail.", "Explained the statement line by line.", "Promised an update by Friday.",
		"Asked for a copy of the policy.", "Reset the portal access and checked that it works.", "Wants to be called after 5 pm.",
	}
)

// telephone is a fictional number: +1, an area code, 555-01 and two digits.
func telephone(d *dice) string { return "+1" + pick(d, areaCodes) + "55501" + d.digits(2) }

// callerName is what caller identification shows.
func callerName(d *dice) string { return pick(d, cities) + " " + pick(d, states) }
