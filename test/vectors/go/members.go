package main

import (
	"bytes"
	"encoding/json"
)

// members are those of a JSON object by their exact names; none may stand twice, at any depth.
func members(text []byte) (map[string]json.RawMessage, bool) {
	var found map[string]json.RawMessage
	if hasDuplicate(text) || json.Unmarshal(text, &found) != nil || found == nil {
		return nil, false
	}
	return found, true
}

func hasDuplicate(text []byte) bool {
	decoder := json.NewDecoder(bytes.NewReader(text))
	return duplicateIn(decoder)
}

func duplicateIn(decoder *json.Decoder) bool {
	token, err := decoder.Token()
	if err != nil {
		return false
	}
	switch token {
	case json.Delim('{'):
		names := map[json.Token]bool{}
		for decoder.More() {
			name, err := decoder.Token()
			if err != nil {
				return false
			}
			if names[name] || duplicateIn(decoder) {
				return true
			}
			names[name] = true
		}
	case json.Delim('['):
		for decoder.More() {
			if duplicateIn(decoder) {
				return true
			}
		}
	default:
		return false
	}
	decoder.Token()
	return false
}

func textMember(of map[string]json.RawMessage, name string) (string, bool) {
	var text string
	ok := required(of[name], &text)
	return text, ok && text != ""
}

// required decodes what is there and not null.
func required(text json.RawMessage, into any) bool {
	return len(text) > 0 && string(text) != "null" && json.Unmarshal(text, into) == nil
}
