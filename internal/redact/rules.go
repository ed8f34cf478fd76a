// Package redact makes personal data in records unreadable before anything is written: attributes, addresses, names and
// other members are hashed, dropped or masked, by rules that a person has written.
//
// It works on the text of a record. What no rule meets stays as it is, byte for byte, so that a record that has not changed
// on the platform has not changed here either. A hash is an HMAC-SHA256 with a key that only its owner has: the same value
// has the same hash everywhere, and conversations of one customer can still be found together.
//
// A lake remembers the fingerprint of the rules. With other rules, or another key, the same value would look different.
package redact

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"path"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/settings"
)

// Action is what becomes of a value.
type Action string

// The actions.
const (
	Hash Action = "hash" // an HMAC-SHA256 takes its place
	Drop Action = "drop" // the member goes, name and value
	Mask Action = "mask" // letters and digits become *, but for the last few
)

// Rule says what becomes of some members.
type Rule struct {
	Attributes string   `json:"attributes,omitempty" yaml:"attributes"` // keys of participants' attributes, with * and ?
	Addresses  string   `json:"addresses,omitempty"  yaml:"addresses"`  // all
	Names      string   `json:"names,omitempty"      yaml:"names"`      // all
	Members    []string `json:"members,omitempty"    yaml:"members"`    // names of members, wherever they are
	Unknown    string   `json:"unknown,omitempty"    yaml:"unknown"`    // all: members that this version knows nothing of
	Personal   string   `json:"personal,omitempty"   yaml:"personal"`   // all: what looks personal, wherever no other rule meets it
	Do         Action   `json:"do"                   yaml:"do"`
	Keep       int      `json:"keep,omitempty"       yaml:"keep"` // characters at the end that a mask leaves
}

// Rules are rules with the key of their hashes. The first that meets a member counts. Safe for concurrent use.
type Rules struct {
	rules      []Rule
	key        []byte
	members    map[string]*Rule // by the name of a member that is no attribute
	attributes []*Rule
	unknown    *Rule
	personal   *Rule
}

// The members of a record that are addresses and names of people.
var (
	addresses = []string{
		"addressFrom", "addressOther", "addressSelf", "addressTo", "ani", "callbackNumbers", "destinationAddresses", "dnis", "remote",
		"screenShareAddressSelf", "sessionDnis", "transferTargetAddress", "videoAddressSelf",
	}
	names = []string{"callbackUserName", "participantName", "remoteNameDisplayable", "transferTargetName"}
)

// needed are the members without which a record is none.
var needed = []string{"conversationId", "conversationStart", "conversationEnd", "participants", "sessions", "segments", "metrics", "attributes"}

// shortestKey is the shortest key, in bytes: with a short one hashes of telephone numbers can be guessed.
const shortestKey = 16

// Parse reads rules from YAML, and says what is wrong with them. key is that of the hashes; without a rule that hashes it may
// be empty.
func Parse(text, key []byte) (*Rules, error) {
	var file struct {
		Rules []Rule `yaml:"rules"`
	}
	if err := settings.Shallow(text); err != nil {
		return nil, fault.New(fault.Invalid, "the rules cannot be read: %v", err)
	}
	if err := yaml.UnmarshalWithOptions(text, &file, yaml.Strict()); err != nil {
		return nil, fault.New(fault.Invalid, "the rules cannot be read: %s", settings.Complaint(err))
	}
	if len(file.Rules) == 0 {
		return nil, fault.New(fault.Invalid, "the rules are empty; give at least one under rules:, such as - {addresses: all, do: hash}")
	}
	r := &Rules{rules: file.Rules, key: key}
	for i, rule := range r.rules {
		if err := rule.validate(); err != nil {
			return nil, fault.New(fault.Invalid, "rule %d: %v", i+1, err)
		}
		if rule.Do == Hash && len(key) < shortestKey {
			return nil, fault.New(fault.Invalid, "rule %d hashes: set PARLEY_REDACT_KEY, or PARLEY_REDACT_KEY_FILE to the path of a file, to a secret of at least %d bytes", i+1, shortestKey)
		}
	}
	r.sort()
	return r, nil
}

func (r Rule) validate() error {
	given := 0
	for _, is := range []bool{r.Attributes != "", r.Addresses != "", r.Names != "", len(r.Members) > 0, r.Unknown != "", r.Personal != ""} {
		if is {
			given++
		}
	}
	switch {
	case given != 1:
		return fault.New(fault.Invalid, "give one of attributes, addresses, names, members, unknown and personal")
	case r.Addresses != "" && r.Addresses != "all", r.Names != "" && r.Names != "all", r.Unknown != "" && r.Unknown != "all", r.Personal != "" && r.Personal != "all":
		return fault.New(fault.Invalid, "addresses, names, unknown and personal take the word all")
	case !slices.Contains([]Action{Hash, Drop, Mask}, r.Do):
		return fault.New(fault.Invalid, "do must be hash, drop or mask, not %q", string(r.Do))
	case r.Personal != "" && r.Do == Drop:
		return fault.New(fault.Invalid, "personal goes with hash or mask: the member that has the text stays")
	case r.Keep < 0 || r.Keep > 0 && r.Do != Mask:
		return fault.New(fault.Invalid, "keep goes with mask, and is not negative")
	}
	if _, err := path.Match(r.Attributes, ""); err != nil {
		return fault.New(fault.Invalid, "attributes: %q is no pattern; * stands for anything, ? for one character", r.Attributes)
	}
	for _, name := range r.Members {
		if slices.Contains(needed, name) {
			return fault.New(fault.Invalid, "members: without %s a record cannot be kept", name)
		}
	}
	return nil
}

// sort has the rules found quickly. The first that meets a member counts.
func (r *Rules) sort() {
	r.members = map[string]*Rule{}
	for i := range r.rules {
		rule := &r.rules[i]
		if rule.Attributes != "" {
			r.attributes = append(r.attributes, rule)
		}
		if rule.Unknown != "" && r.unknown == nil {
			r.unknown = rule
		}
		if rule.Personal != "" && r.personal == nil {
			r.personal = rule
		}
		for _, name := range rule.meant() {
			if r.members[name] == nil {
				r.members[name] = rule
			}
		}
	}
}

// meant are the names of the members that a rule meets, other than attributes.
func (r Rule) meant() []string {
	switch {
	case r.Addresses != "":
		return addresses
	case r.Names != "":
		return names
	}
	return r.Members
}

// of is the rule about a member; nil if there is none. attribute says that it is an attribute of a participant.
func (r *Rules) of(name []byte, attribute bool) *Rule {
	if !attribute {
		if rule := r.members[string(name)]; rule != nil || r.unknown == nil {
			return rule
		}
		if !Member(string(name)) {
			return r.unknown
		}
		return nil
	}
	for _, rule := range r.attributes {
		if ok, _ := path.Match(plainly(rule.Attributes), plainly(string(name))); ok {
			return rule
		}
	}
	return nil
}

// Meets says whether a rule is about members of a name, other than attributes.
func (r *Rules) Meets(member string) bool { return r.members[member] != nil }

// plainly writes a key or pattern so that case does not count, and a slash is a character like any other.
func plainly(text string) string { return strings.ToLower(strings.ReplaceAll(text, "/", "\x00")) }

// Fingerprint tells rules and keys apart, and tells neither.
func (r *Rules) Fingerprint() string {
	text, err := json.Marshal(r.rules)
	if err != nil {
		panic(err) // texts and numbers only
	}
	mac := hmac.New(sha256.New, r.key)
	mac.Write(text)
	return hex.EncodeToString(mac.Sum(nil)[:16])
}
