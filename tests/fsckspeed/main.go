// SPDX-License-Identifier: GPL-2.0-or-later

// Command fsckspeed measures how fast a volume is checked, against reading
// the same blocks and against the checkers of other file systems. See
// docs/fsck.md.
package main

import (
	"fmt"
	"os"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "fsckspeed:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) > 0 {
		switch args[0] {
		case "measure":
			return measure(args[1:])
		case "fill":
			return fill(args[1:])
		}
	}
	return fmt.Errorf("usage: fsckspeed fill|measure [flags]")
}
