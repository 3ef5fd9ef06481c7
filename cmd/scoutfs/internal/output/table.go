// SPDX-License-Identifier: GPL-2.0-or-later

package output

import (
	"strings"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"
)

// Columns is a table of cells that is written when all of them are known.
type Columns struct {
	out    *Writer
	header []string
	align  []tw.Align
	rows   [][]string
}

// Column is the heading of one column.
type Column struct {
	Name  string
	Right bool // cells are numbers, aligned to the right
}

// Table starts a table with these columns.
func (o *Writer) Table(columns ...Column) *Columns {
	t := &Columns{out: o}
	for _, c := range columns {
		align := tw.AlignLeft
		if c.Right {
			align = tw.AlignRight
		}
		t.header = append(t.header, c.Name)
		t.align = append(t.align, align)
	}
	return t
}

// Row adds a row of cells, one for each column.
func (t *Columns) Row(cells ...string) {
	t.rows = append(t.rows, cells)
}

// Close writes the table.
func (t *Columns) Close() error {
	var text strings.Builder
	table := tablewriter.NewTable(&text,
		tablewriter.WithRenderer(renderer.NewBlueprint(tw.Rendition{
			Borders: tw.BorderNone,
			Symbols: tw.NewSymbols(tw.StyleNone),
			Settings: tw.Settings{
				Separators: tw.SeparatorsNone,
				Lines:      tw.LinesNone,
			},
		})),
		tablewriter.WithPadding(tw.Padding{Right: "  ", Overwrite: true}),
		tablewriter.WithHeaderAutoFormat(tw.Off),
		tablewriter.WithRowAutoWrap(tw.WrapNone),
		tablewriter.WithAlignment(t.align),
	)
	table.Header(t.header)
	if err := table.Bulk(t.rows); err != nil {
		return err
	}
	if err := table.Render(); err != nil {
		return err
	}
	for line := range strings.Lines(text.String()) {
		t.out.Printf("%s\n", strings.TrimRight(line, " \n"))
	}
	return t.out.Err()
}
