// Runs the vectors of the folder above through go-oidc and the rules it leaves to its user, and prints how each came out.
//
// Usage: go run . FOLDER
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
)

// The algorithms an API server's key may sign with.
var algorithms = []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"}

// result is one line of the output.
type result struct {
	File     string   `json:"file"`
	Name     string   `json:"name"`
	Outcome  expected `json:"outcome"`
	Expected expected `json:"expected"`
}

func main() {
	folder := os.Args[1]
	var facts shared
	read(filepath.Join(folder, "shared.json"), &facts)
	checker, stop := newChecker(facts)
	defer stop()
	results := []result{}
	names, err := filepath.Glob(filepath.Join(folder, "*.json"))
	must(err)
	for _, name := range names {
		var file vectorFile
		read(name, &file)
		for _, v := range file.Vectors {
			results = append(results, result{filepath.Base(name), v.Name, checker.outcome(v), v.Expected})
		}
	}
	must(json.NewEncoder(os.Stdout).Encode(results))
}

// checker holds what all vectors share.
type checker struct {
	facts shared
	keys  oidc.KeySet
}

// newChecker serves the issuer's keys on loopback: go-oidc fetches them itself.
func newChecker(facts shared) (*checker, func()) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Write(facts.Keys)
	}))
	return &checker{facts, oidc.NewRemoteKeySet(context.Background(), server.URL)}, server.Close
}

func (c *checker) outcome(v vector) expected {
	caller, group, err := c.verify(v)
	var refused refusal
	if errors.As(err, &refused) {
		return expected{Outcome: "refused", Reason: string(refused)}
	}
	must(err)
	return expected{Outcome: "accepted", Caller: caller, AttestedAPIGroup: group}
}

func (c *checker) verify(v vector) (caller, group string, err error) {
	route := c.facts.Routes[v.Route]
	token, err := bearerToken(v.authorizationValues())
	if err != nil {
		return "", "", err
	}
	claims, err := c.verifyToken(token, route)
	if err != nil {
		return "", "", err
	}
	group, err = route.admit(claims)
	if err != nil {
		return "", "", err
	}
	return claims.Subject, group, checkReview(c.facts.review(v.Review), group)
}

// verifyToken leaves issuer, expiry and signature to go-oidc; what stands before and after the call is what it does not check.
func (c *checker) verifyToken(token string, route route) (tokenClaims, error) {
	claims, err := decodeToken(token, c.facts.Keys)
	if err != nil {
		return claims, err
	}
	// ClientID asks whether the list contains it, so a token with a second audience would pass: route.admit compares all of them
	verifier := oidc.NewVerifier(c.facts.Issuer, c.keys, &oidc.Config{
		SkipClientIDCheck:    true,
		SupportedSigningAlgs: algorithms,
		Now:                  func() time.Time { return c.now() },
	})
	if _, err := verifier.Verify(context.Background(), token); err != nil {
		return claims, reasonOf(err)
	}
	return claims, claims.checkTimes(c.now())
}

func (c *checker) now() time.Time { return time.Unix(c.facts.Now, 0) }

// reasonOf reads go-oidc's errors. Only one has a type.
func reasonOf(err error) error {
	var expired *oidc.TokenExpiredError
	text := err.Error()
	switch {
	case errors.As(err, &expired):
		return refusal("ERR_TOKEN_EXPIRED")
	case strings.Contains(text, "different provider"):
		return refusal("ERR_TOKEN_ISSUER")
	case strings.Contains(text, "before the nbf"):
		return refusal("ERR_TOKEN_NOT_YET_VALID")
	case strings.Contains(text, "unexpected signature algorithm"):
		return refusal("ERR_TOKEN_ALGORITHM")
	case strings.Contains(text, "failed to verify signature"):
		return refusal("ERR_TOKEN_SIGNATURE")
	case strings.Contains(text, "malformed jwt"), strings.Contains(text, "failed to unmarshal claims"):
		return refusal("ERR_TOKEN_MALFORMED")
	}
	return fmt.Errorf("an error of go-oidc that is not expected: %w", err)
}

func read(name string, into any) {
	text, err := os.ReadFile(name)
	must(err)
	must(json.Unmarshal(text, into))
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
