package ui

// goesOn is the annotation of a command.
const goesOn = "goes on"

// ThatGoesOn annotates a command that goes on where it was interrupted when it is run again.
func ThatGoesOn() map[string]string { return map[string]string{goesOn: "yes"} }

// GoesOn says whether a command with these annotations does.
func GoesOn(annotations map[string]string) bool { return annotations[goesOn] != "" }
