// SPDX-License-Identifier: GPL-2.0-or-later

// Command report reads the output of `go test -json` and prints what `go
// test` would print, then the skipped tests with their reasons. It fails if
// a test did, or if it was given no result at all.
package main

import (
	"fmt"
	"os"
)

func main() {
	ok, err := report(os.Stdin, os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "report:", err)
	}
	if err != nil || !ok {
		os.Exit(1)
	}
}
