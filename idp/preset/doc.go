// Package preset is what is known of the providers that people ask for by name: where they are, what they call things,
// and what their word is worth. A Preset is data, with a name for each thing in which a provider is not like the others;
// what those names mean is done in package idp.
//
// It holds facts and does nothing: config fills a provider of the file with it, cmd shows it. Each fact was taken from
// the page named in Docs and is held by a scripted stand-in in presettest. It imports nothing of ours.
package preset
