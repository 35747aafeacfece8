package main

import (
	"encoding/json"
	"strings"
)

// What the JSON files hold: ../README.md.

type shared struct {
	Now     int64
	Issuer  string
	Keys    json.RawMessage
	Routes  map[string]route
	Reviews map[string]json.RawMessage
}

type route struct {
	Audiences       []string
	ServerAudiences []string
	WebhookTokens   *webhookTokens
	ServiceAccounts []account
}

type webhookTokens struct {
	Kinds           []string
	Configurations  []object
	ServiceAccounts []account
}

type account struct{ Namespace, Name string }

type object struct{ Name, UID string }

type vectorFile struct{ Vectors []vector }

type vector struct {
	Name          string
	Route         string
	Review        string
	Token         struct{ JWS string }
	Authorization []string
	Expected      expected
}

type expected struct {
	Outcome          string `json:"outcome"`
	Reason           string `json:"reason,omitempty"`
	Caller           string `json:"caller,omitempty"`
	AttestedAPIGroup string `json:"attestedAPIGroup,omitempty"`
}

// refusal is the reason a vector expects.
type refusal string

func (r refusal) Error() string { return string(r) }

func (v vector) authorizationValues() []string {
	values := v.Authorization
	if values == nil {
		values = []string{"Bearer {token}"}
	}
	filled := make([]string, len(values))
	for i, value := range values {
		filled[i] = strings.ReplaceAll(value, "{token}", v.Token.JWS)
	}
	return filled
}

// review is the body as it is sent: a text where its bytes matter.
func (s shared) review(name string) []byte {
	var text string
	if json.Unmarshal(s.Reviews[name], &text) == nil {
		return []byte(text)
	}
	return s.Reviews[name]
}
