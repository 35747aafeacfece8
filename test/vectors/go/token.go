package main

import (
	"encoding/base64"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"time"
)

const malformed = refusal("ERR_TOKEN_MALFORMED")

var b64token = regexp.MustCompile(`^[A-Za-z0-9\-._~+/]+=*$`)

// bearerToken is stricter than k8s.io/apiserver, which takes the first of several headers and ignores a third word.
func bearerToken(values []string) (string, error) {
	if len(values) == 0 {
		return "", refusal("ERR_CREDENTIALS_MISSING")
	}
	if len(values) > 1 || strings.Contains(values[0], ",") {
		return "", refusal("ERR_AUTHORIZATION_DUPLICATE")
	}
	scheme, token, _ := strings.Cut(values[0], " ")
	if !strings.EqualFold(scheme, "bearer") || !b64token.MatchString(token) {
		return "", refusal("ERR_AUTHORIZATION_MALFORMED")
	}
	return token, nil
}

type tokenClaims struct {
	Subject    string
	Audiences  []string
	Expires    int64
	NotBefore  int64
	IssuedAt   int64
	Kubernetes kubernetesClaims
}

type kubernetesClaims struct {
	Account      account
	Bound        map[string]object // by claim
	Attestations map[string][]string
	attests      bool
}

// decodeToken holds a token to what go-oidc lets pass: a missing kid (it tries every key), an algorithm of another kind
// than the key's, any typ, claims that stand twice or differ from their name by case (encoding/json takes either).
func decodeToken(token string, keys []byte) (tokenClaims, error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return tokenClaims{}, malformed
	}
	var texts [3][]byte
	for i, part := range parts {
		text, err := base64.RawURLEncoding.Strict().DecodeString(part)
		if err != nil {
			return tokenClaims{}, malformed
		}
		texts[i] = text
	}
	if err := checkHeader(texts[0], keys); err != nil {
		return tokenClaims{}, err
	}
	return decodeClaims(texts[1])
}

func checkHeader(text, keys []byte) error {
	header, ok := members(text)
	if !ok {
		return malformed
	}
	algorithm, hasAlgorithm := textMember(header, "alg")
	kid, hasKid := textMember(header, "kid")
	_, critical := header["crit"]
	if typ, has := textMember(header, "typ"); !hasAlgorithm || !hasKid || critical || has && !strings.EqualFold(typ, "jwt") {
		return malformed
	}
	if !slices.Contains(algorithms, algorithm) {
		return refusal("ERR_TOKEN_ALGORITHM")
	}
	var set struct{ Keys []struct{ Kid, Kty string } }
	must(json.Unmarshal(keys, &set))
	for _, key := range set.Keys {
		if key.Kid != kid {
			continue
		}
		if (key.Kty == "EC") != strings.HasPrefix(algorithm, "ES") {
			return refusal("ERR_TOKEN_ALGORITHM")
		}
		return nil
	}
	return refusal("ERR_TOKEN_KEY_UNKNOWN")
}

func decodeClaims(text []byte) (tokenClaims, error) {
	claims, ok := members(text)
	if !ok {
		return tokenClaims{}, malformed
	}
	var decoded tokenClaims
	_, hasIssuer := textMember(claims, "iss")
	subject, hasSubject := textMember(claims, "sub")
	kubernetes, err := decodeKubernetes(claims["kubernetes.io"])
	decoded.Subject, decoded.Kubernetes = subject, kubernetes
	complete := hasIssuer && hasSubject && err == nil &&
		decodeAudiences(claims["aud"], &decoded.Audiences) &&
		required(claims["exp"], &decoded.Expires) &&
		required(claims["nbf"], &decoded.NotBefore) &&
		required(claims["iat"], &decoded.IssuedAt)
	if !complete || subject != "system:serviceaccount:"+kubernetes.Account.Namespace+":"+kubernetes.Account.Name {
		return tokenClaims{}, malformed
	}
	return decoded, nil
}

func decodeAudiences(text json.RawMessage, into *[]string) bool {
	var one string
	if required(text, &one) {
		*into = []string{one}
		return true
	}
	return required(text, into)
}

func decodeKubernetes(text json.RawMessage) (kubernetesClaims, error) {
	private, ok := members(text)
	if !ok {
		return kubernetesClaims{}, malformed
	}
	var decoded kubernetesClaims
	decoded.Bound = map[string]object{}
	namespace, hasNamespace := textMember(private, "namespace")
	named, err := decodeObject(private["serviceaccount"])
	if !hasNamespace || err != nil {
		return decoded, malformed
	}
	decoded.Account = account{namespace, named.Name}
	for name, value := range private {
		lower := strings.ToLower(name)
		switch {
		case lower != "validatingwebhookconfiguration" && lower != "mutatingwebhookconfiguration":
			continue
		case name != lower:
			return decoded, malformed
		}
		if decoded.Bound[name], err = decodeObject(value); err != nil {
			return decoded, err
		}
	}
	attestations, attests := private["attestations"]
	if decoded.attests = attests; attests && !required(attestations, &decoded.Attestations) {
		return decoded, malformed
	}
	return decoded, nil
}

func decodeObject(text json.RawMessage) (object, error) {
	fields, ok := members(text)
	if !ok {
		return object{}, malformed
	}
	name, hasName := textMember(fields, "name")
	uid, hasUID := textMember(fields, "uid")
	if !hasName || !hasUID {
		return object{}, malformed
	}
	return object{name, uid}, nil
}

// checkTimes adds iat, one minute of leeway where go-oidc gives nbf five, and the second of exp itself, which go-oidc accepts
// and RFC 7519 section 4.1.4 does not.
func (c tokenClaims) checkTimes(now time.Time) error {
	if c.Expires <= now.Unix() {
		return refusal("ERR_TOKEN_EXPIRED")
	}
	latest := now.Unix() + 60
	if c.NotBefore > latest || c.IssuedAt > latest {
		return refusal("ERR_TOKEN_NOT_YET_VALID")
	}
	return nil
}
