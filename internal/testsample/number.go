// SPDX-License-Identifier: GPL-2.0-or-later

package testsample

import (
	"os"
	"strconv"
	"testing"
)

// Number returns a number from the environment, by which somebody asks for
// more, or plain if it is not set. Anything else fails the test.
func Number(tb testing.TB, variable string, plain int) int {
	tb.Helper()
	text := os.Getenv(variable)
	if text == "" {
		return plain
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		tb.Fatalf("%s: %v", variable, err)
	}
	return n
}
