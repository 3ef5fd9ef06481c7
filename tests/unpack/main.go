// SPDX-License-Identifier: GPL-2.0-or-later

// Command unpack unpacks the volumes that tests look for, unless that was done
// before.
package main

import (
	"fmt"
	"os"

	"scoutfs/internal/testimage"
)

func main() {
	if err := testimage.UnpackAll(); err != nil {
		fmt.Fprintln(os.Stderr, "unpack:", err)
		os.Exit(1)
	}
}
