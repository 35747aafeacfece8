package main

import (
	"encoding/json"
	"slices"
	"strings"
)

const attestationKey = "admissionReviewAPIGroups"

var kindOfClaim = map[string]string{
	"validatingwebhookconfiguration": "ValidatingWebhookConfiguration",
	"mutatingwebhookconfiguration":   "MutatingWebhookConfiguration",
}

// admit decides whose tokens a route accepts, and gives the group that is attested. go-oidc knows nothing of this.
func (r route) admit(claims tokenClaims) (string, error) {
	bound := len(claims.Kubernetes.Bound) > 0 || claims.Kubernetes.attests
	switch {
	case bound && r.WebhookTokens != nil:
		return r.admitBound(claims)
	case !bound && r.ServiceAccounts != nil:
		return "", r.admitPlain(claims)
	}
	return "", refusal("ERR_TOKEN_UNACCEPTED")
}

// admitBound is what KEP-6060 asks of a verifier.
func (r route) admitBound(claims tokenClaims) (string, error) {
	rules, kubernetes := r.WebhookTokens, claims.Kubernetes
	if len(claims.Audiences) != 1 || !slices.Contains(r.Audiences, claims.Audiences[0]) {
		return "", refusal("ERR_TOKEN_AUDIENCE")
	}
	if life := claims.Expires - claims.IssuedAt; life <= 0 || life > 600 {
		return "", refusal("ERR_TOKEN_LIFETIME")
	}
	if len(kubernetes.Bound) != 1 || !rules.register(kubernetes.Bound) {
		return "", refusal("ERR_TOKEN_BINDING")
	}
	groups := kubernetes.Attestations[attestationKey]
	if len(kubernetes.Attestations) != 1 || len(groups) != 1 || groups[0] == "" {
		return "", refusal("ERR_TOKEN_ATTESTATION")
	}
	if groups[0] == "*" && !slices.Contains(rules.ServiceAccounts, kubernetes.Account) {
		return "", refusal("ERR_CALLER_UNNAMED")
	}
	return groups[0], nil
}

// register says whether the configuration is one that registers the route.
func (w webhookTokens) register(bound map[string]object) bool {
	for claim, configuration := range bound {
		if !slices.Contains(w.Kinds, kindOfClaim[claim]) {
			return false
		}
		pinned := func(pin object) bool {
			return pin.Name == configuration.Name && (pin.UID == "" || pin.UID == configuration.UID)
		}
		if w.Configurations != nil && !slices.ContainsFunc(w.Configurations, pinned) {
			return false
		}
	}
	return true
}

// admitPlain: an audience is no authorization, so the ServiceAccount has to be named.
func (r route) admitPlain(claims tokenClaims) error {
	ours := append(slices.Clone(r.ServerAudiences), r.Audiences...)
	foreign := func(audience string) bool { return !slices.Contains(ours, audience) }
	routes := func(audience string) bool { return slices.Contains(r.Audiences, audience) }
	if slices.ContainsFunc(claims.Audiences, foreign) || !slices.ContainsFunc(claims.Audiences, routes) {
		return refusal("ERR_TOKEN_AUDIENCE")
	}
	if !slices.Contains(r.ServiceAccounts, claims.Kubernetes.Account) {
		return refusal("ERR_CALLER_UNNAMED")
	}
	return nil
}

type groupVersion struct{ Group, Version string }

type reviewRequest struct {
	Kind, Resource                             groupVersion
	RequestKind, RequestResource               *groupVersion
	SubResource, RequestSubResource, Operation string
	Object, OldObject                          *struct{ APIVersion string }
}

// The subresources whose kind stands in another group than their resource.
var subresourceGroups = map[string]string{"scale": "autoscaling", "eviction": "policy", "token": "authentication.k8s.io"}

// checkReview holds a review to one story and to what is attested: it is written by the caller.
func checkReview(body []byte, attested string) error {
	if hasDuplicate(body) {
		return refusal("ERR_REVIEW_DUPLICATE_MEMBER")
	}
	var review struct {
		APIVersion string
		Request    reviewRequest
	}
	must(json.Unmarshal(body, &review))
	if review.APIVersion != "admission.k8s.io/v1" && review.APIVersion != "admission.k8s.io/v1beta1" {
		return refusal("ERR_REVIEW_VERSION")
	}
	request := review.Request
	if attested != "" && attested != "*" &&
		(request.Resource.Group != attested || request.RequestResource != nil && request.RequestResource.Group != attested) {
		return refusal("ERR_GROUP_NOT_ATTESTED")
	}
	if !request.consistent() {
		return refusal("ERR_GROUP_INCONSISTENT")
	}
	return nil
}

func (r reviewRequest) consistent() bool {
	if !mayBe(r.Kind, r.Resource, r.SubResource, r.Operation) {
		return false
	}
	if r.RequestKind != nil && r.RequestResource != nil && !mayBe(*r.RequestKind, *r.RequestResource, r.RequestSubResource, r.Operation) {
		return false
	}
	for _, object := range []*struct{ APIVersion string }{r.Object, r.OldObject} {
		if object != nil && groupOf(object.APIVersion) != r.Kind.Group {
			return false
		}
	}
	return true
}

func mayBe(kind, resource groupVersion, subresource, operation string) bool {
	if kind.Group == resource.Group {
		return true
	}
	group, known := subresourceGroups[subresource]
	return known && group == kind.Group || subresource != "" && operation == "CONNECT" && kind.Group == ""
}

// groupOf reads `apps/v1` as apps and `v1` as the core group.
func groupOf(apiVersion string) string {
	group, _, named := strings.Cut(apiVersion, "/")
	if !named {
		return ""
	}
	return group
}
