// SPDX-License-Identifier: GPL-2.0-or-later

package values_test

import (
	"testing"

	"scoutfs/cmd/scoutfs/internal/values"
)

func TestChoiceTakesOnlyItsWords(t *testing.T) {
	t.Parallel()
	word := "b"
	option := values.Choice(&word, "a", "b", "c")
	if err := option.Set("c"); err != nil || word != "c" {
		t.Errorf("c: %v, now %s", err, word)
	}
	err := option.Set("d")
	if err == nil || err.Error() != "unknown word 'd', use one of a, b, c" || word != "c" {
		t.Errorf("d: %v, now %s", err, word)
	}
}
