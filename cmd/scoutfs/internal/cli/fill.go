// SPDX-License-Identifier: GPL-2.0-or-later

package cli

import "strings"

// rightMargin is where argp, the option parser of upstream's tools, breaks
// lines.
const rightMargin = 79

// fill breaks text at blanks as argp does: text shorter than the margin stays
// whole, and otherwise a line ends at the last blank that leaves at most
// margin characters before it. A word that is longer stays whole.
func fill(text string, margin int) []string {
	var lines []string
	for len(text) >= margin {
		end := strings.LastIndexByte(text[:min(margin+1, len(text))], ' ')
		if end < 0 {
			end = strings.IndexByte(text, ' ')
		}
		if end < 0 {
			break
		}
		lines = append(lines, text[:end])
		text = strings.TrimLeft(text[end:], " ")
	}
	return append(lines, text)
}
