// SPDX-License-Identifier: GPL-2.0-or-later

package output

import (
	"strings"

	"github.com/mattn/go-runewidth"
)

// partRows is how many rows of a table are held until they are written.
// Whatever is longer is written in parts, so that memory does not grow with
// it; each part is as wide as those before, or wider.
const partRows = 4096

// gap is what stands between two columns.
const gap = "  "

// Columns is a table of cells. Rows are written when enough of them are known
// to tell how wide their columns are.
type Columns struct {
	out     *Writer
	columns []Column
	widths  []int
	rows    [][]string
	rest    []string // what is left of the row that is being written
	begun   bool
}

// Column is the heading of one column.
type Column struct {
	Name  string
	Right bool // cells are numbers, aligned to the right
}

// Table starts a table with these columns.
func (o *Writer) Table(columns ...Column) *Columns {
	return &Columns{out: o, columns: columns, widths: make([]int, len(columns))}
}

// Row adds a row of cells, one for each column.
func (t *Columns) Row(cells ...string) {
	t.rows = append(t.rows, cells)
	if len(t.rows) >= partRows {
		t.flush()
	}
}

// Close writes what is left of the table.
func (t *Columns) Close() error {
	t.flush()
	return t.out.Err()
}

// flush writes the rows that are held, below the headings.
func (t *Columns) flush() {
	if !t.begun {
		t.begun = true
		headings := make([]string, len(t.columns))
		for i, c := range t.columns {
			headings[i] = c.Name
		}
		t.rows = append([][]string{headings}, t.rows...)
	}
	for _, row := range t.rows {
		for i, cell := range row {
			for line := range strings.SplitSeq(cell, "\n") {
				t.widths[i] = max(t.widths[i], runewidth.StringWidth(line))
			}
		}
	}
	var text strings.Builder
	for _, row := range t.rows {
		text.Reset()
		t.format(&text, row)
		t.out.Printf("%s", text.String())
	}
	clear(t.rows)
	t.rows = t.rows[:0]
}

// format writes a row, in several lines if a cell has several.
func (t *Columns) format(text *strings.Builder, row []string) {
	t.rest = append(t.rest[:0], row...)
	for again := true; again; {
		again = false
		var line strings.Builder
		for i, cell := range t.rest {
			first, rest, more := strings.Cut(cell, "\n")
			t.rest[i], again = rest, again || more
			pad := strings.Repeat(" ", t.widths[i]-runewidth.StringWidth(first))
			if t.columns[i].Right {
				line.WriteString(pad + first + gap)
			} else {
				line.WriteString(first + pad + gap)
			}
		}
		text.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
}
