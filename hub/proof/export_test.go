package proof

// CanonicalURL is tested by itself.
var CanonicalURL = canonicalURL
