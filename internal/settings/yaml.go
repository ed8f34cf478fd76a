package settings

import (
	"fmt"
	"strings"

	"github.com/goccy/go-yaml/token"
)

// placed is what the library's errors are that know their place. Of some it knows none, and would panic to write it.
type placed interface {
	error
	GetToken() *token.Token
	GetMessage() string
}

// Complaint says what is wrong with YAML, as line:column: what, on one line and without the text around it.
func Complaint(err error) string {
	p, ok := err.(placed) //nolint:errorlint // one that is wrapped says more than the library knows
	if !ok {
		line, _, _ := strings.Cut(err.Error(), "\n")
		return line
	}
	what, _, _ := strings.Cut(p.GetMessage(), "\n")
	at := p.GetToken()
	if at == nil || at.Position == nil {
		return what
	}
	return fmt.Sprintf("%d:%d: %s", at.Position.Line, at.Position.Column, what)
}
