// SPDX-License-Identifier: GPL-2.0-or-later

package cli

import (
	"fmt"
	"io"

	"scoutfs/engine/format"
)

// WriteUsage lists the commands, in upstream's form: names on the right of a
// column, the line about each below what it is given.
func (p *Program) WriteUsage(w io.Writer) {
	fmt.Fprintf(w, "usage: %s <command> [<args>]\n\n", programName)
	fmt.Fprintf(w, "Commands on a mounted volume use the one at the working directory by default.\n")
	fmt.Fprintf(w, "%s <command> --help tells more about a command.\n", programName)
	fmt.Fprintf(w, "\nSupported format version: %d-%d\n", format.MinVersion, format.MaxVersion)
	width := 0
	for _, cmd := range p.Commands {
		width = max(width, len(cmd.Name()))
	}
	for _, group := range p.Root.Groups() {
		heading := "\n" + group.Title + ":\n"
		for _, cmd := range p.Commands {
			if cmd.GroupID != group.ID || cmd.Hidden {
				continue
			}
			name := fmt.Sprintf("  %*s", width, cmd.Name())
			if operands := Operands(cmd); operands != "" {
				name += " " + operands
			}
			fmt.Fprintf(w, "%s%s\n  %*s %s\n", heading, name, width, "", cmd.Short)
			heading = ""
		}
	}
}
