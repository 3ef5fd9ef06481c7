// SPDX-License-Identifier: GPL-2.0-or-later

package values

import (
	"fmt"
	"slices"
	"strings"
)

// Choice is an option that is one of a few words. Its default is what target
// holds.
func Choice(target *string, words ...string) *ChoiceValue {
	return &ChoiceValue{target, words}
}

// ChoiceValue is a pflag.Value.
type ChoiceValue struct {
	target *string
	words  []string
}

// Set implements pflag.Value.
func (v *ChoiceValue) Set(text string) error {
	if !slices.Contains(v.words, text) {
		return fmt.Errorf("unknown word '%s', use one of %s", text, strings.Join(v.words, ", "))
	}
	*v.target = text
	return nil
}

// String implements pflag.Value.
func (v *ChoiceValue) String() string {
	if v.target == nil {
		return ""
	}
	return *v.target
}

// Type implements pflag.Value.
func (*ChoiceValue) Type() string { return "word" }

// Words returns what the option can be.
func (v *ChoiceValue) Words() []string { return v.words }
