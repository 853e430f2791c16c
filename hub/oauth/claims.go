package oauth

import "encoding/json"

// ClaimsRequest is the claims parameter (OpenID Connect Core §5.5): which claims the client wants, and where.
type ClaimsRequest struct {
	UserInfo map[string]ClaimRequest
	IDToken  map[string]ClaimRequest
}

// ClaimRequest qualifies one claim (OpenID Connect Core §5.5.1). The zero value is the JSON null: wanted, voluntary, any value.
type ClaimRequest struct {
	Essential bool
	Value     any
	Values    []any
}

// ParseClaims reads the JSON text of the claims parameter. Names are compared exactly; members that it does not know are ignored, as
// §5.5 asks. The error is invalid_request.
func ParseClaims(text string) (*ClaimsRequest, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal([]byte(text), &members); err != nil {
		return nil, refuseClaims(err)
	}
	if members == nil {
		return nil, refuseClaims(nil)
	}
	r := &ClaimsRequest{}
	for name, claims := range map[string]*map[string]ClaimRequest{"userinfo": &r.UserInfo, "id_token": &r.IDToken} {
		if member, ok := members[name]; ok {
			if err := json.Unmarshal(member, claims); err != nil {
				return nil, refuseClaims(err)
			}
		}
	}
	return r, nil
}

// UnmarshalJSON reads the object of §5.5.1, or null. It goes by way of a map because struct fields would match in any case.
func (r *ClaimRequest) UnmarshalJSON(data []byte) error {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(data, &members); err != nil {
		return err
	}
	for name, target := range map[string]any{"essential": &r.Essential, "value": &r.Value, "values": &r.Values} {
		if member, ok := members[name]; ok {
			if err := json.Unmarshal(member, target); err != nil {
				return err
			}
		}
	}
	return nil
}

func refuseClaims(cause error) error {
	return Wrap(cause, InvalidRequest, "claims must be a JSON object of the form of OpenID Connect Core 5.5")
}
