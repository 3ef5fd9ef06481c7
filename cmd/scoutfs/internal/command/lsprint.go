// SPDX-License-Identifier: GPL-2.0-or-later

package command

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mattn/go-runewidth"

	"scoutfs/cmd/scoutfs/internal/cli"
	"scoutfs/cmd/scoutfs/internal/output"
	"scoutfs/walk/tree"
)

// lsPrinter writes what ls lists.
type lsPrinter interface {
	// heading begins the listing of a directory.
	heading(path string)
	// entries writes files of one directory.
	entries([]lsEntry) error
	close() error
}

func newLsPrinter(env *cli.Env, o lsOptions) lsPrinter {
	switch out := env.Output(); out.Form() {
	case output.Table:
		return &lsTable{out.Table(lsColumns()...), newLsCells(env, o), "", false}
	case output.JSON, output.JSONL:
		return &lsJSON{out.List()}
	}
	return &lsText{env: env, cells: newLsCells(env, o), o: o}
}

// lsCells words the attributes of files.
type lsCells struct {
	env    *cli.Env
	o      lsOptions
	owners *owners
}

func newLsCells(env *cli.Env, o lsOptions) *lsCells { return &lsCells{env, o, newOwners(o.numeric)} }

func (c *lsCells) bytes(n uint64) string {
	if c.o.human {
		return shortSize(n)
	}
	return strconv.FormatUint(n, 10)
}

func (c *lsCells) size(a *tree.Attr) string {
	if isDevice(a) {
		return fmt.Sprintf("%d, %d", a.RdevMajor, a.RdevMinor)
	}
	return c.bytes(a.Size)
}

// blocks words what of a file is online and offline.
func (c *lsCells) blocks(a *tree.Attr) (online, offline string) {
	switch {
	case a.Archive.Denied:
		return "?", "?"
	case !a.IsRegular() || !a.Archive.Known:
		return "-", "-"
	case c.o.human:
		return shortSize(a.OnlineBytes()), shortSize(a.OfflineBytes())
	}
	return strconv.FormatUint(a.Archive.OnlineBlocks, 10), strconv.FormatUint(a.Archive.OfflineBlocks, 10)
}

// name is the name with what follows it in the long form.
func (c *lsCells) name(e *lsEntry) string {
	name := nameFor(c.env, e.name)
	if e.target != "" {
		name += " -> " + nameFor(c.env, e.target)
	}
	return name
}

// lsTable collects rows of all directories.
type lsTable struct {
	table *output.Columns
	cells *lsCells
	dir   string
	begun bool
}

func lsColumns() []output.Column {
	return []output.Column{
		{Name: "INO", Right: true},
		{Name: "MODE"},
		{Name: "LINKS", Right: true},
		{Name: "OWNER"},
		{Name: "GROUP"},
		{Name: "SIZE", Right: true},
		{Name: "ONLINE", Right: true},
		{Name: "OFFLINE", Right: true},
		{Name: "STATE"},
		{Name: "MTIME"},
		{Name: "NAME"},
	}
}

func (t *lsTable) heading(path string) { t.dir, t.begun = path, true }

func (t *lsTable) entries(entries []lsEntry) error {
	for i := range entries {
		e := &entries[i]
		a := &e.attr
		online, offline := t.cells.blocks(a)
		named := *e
		if t.begun {
			named.name = tree.Join(t.dir, e.name)
		}
		t.table.Row(strconv.FormatUint(a.Ino, 10), modeText(a.Mode), strconv.FormatUint(uint64(a.Nlink), 10),
			t.cells.owners.user(a.UID), t.cells.owners.group(a.GID), t.cells.size(a), online, offline,
			a.State().String(), a.Mtime.UTC().Format(time.RFC3339), t.cells.name(&named))
	}
	return nil
}

func (t *lsTable) close() error { return t.table.Close() }

// lsJSON writes files as objects with their whole paths.
type lsJSON struct{ list *output.List }

func (*lsJSON) heading(string) {}

func (j *lsJSON) entries(entries []lsEntry) error {
	for i := range entries {
		e := &entries[i]
		object := fileJSON{path: []byte(e.node.Path), attr: &e.attr}
		if e.attr.IsSymlink() {
			object.target = &e.target
		}
		if err := j.list.Add(object); err != nil {
			return err
		}
	}
	return nil
}

func (j *lsJSON) close() error { return j.list.Close() }

// lsText writes as ls(1) does.
type lsText struct {
	env     *cli.Env
	cells   *lsCells
	o       lsOptions
	written bool
}

func (t *lsText) close() error { return t.env.Output().Err() }

func (t *lsText) heading(path string) {
	if t.written {
		t.env.Output().Printf("\n")
	}
	t.written = true
	t.env.Output().Printf("%s:\n", nameFor(t.env, path))
}

func (t *lsText) entries(entries []lsEntry) error {
	if len(entries) == 0 {
		return nil
	}
	t.written = true
	columns, terminal := t.env.Terminal()
	switch {
	case t.o.long:
		t.long(entries)
	case terminal && !t.o.one:
		t.short(entries, columns)
	default:
		for i := range entries {
			t.env.Output().Printf("%s\n", t.plain(&entries[i]))
		}
	}
	return t.env.Output().Err()
}

// plain is a name as the short forms have it.
func (t *lsText) plain(e *lsEntry) string {
	name := nameFor(t.env, e.name)
	if t.o.inode {
		return strconv.FormatUint(e.attr.Ino, 10) + " " + name
	}
	return name
}

// long writes a line for each entry, in columns but for the name.
func (t *lsText) long(entries []lsEntry) {
	rows := make([][]string, len(entries))
	for i := range entries {
		a := &entries[i].attr
		online, offline := t.cells.blocks(a)
		state := online + "/" + offline
		if online == offline && (online == "-" || online == "?") {
			state = online
		}
		if t.o.inode {
			rows[i] = append(rows[i], strconv.FormatUint(a.Ino, 10))
		}
		rows[i] = append(rows[i], modeText(a.Mode), strconv.FormatUint(uint64(a.Nlink), 10),
			t.cells.owners.user(a.UID), t.cells.owners.group(a.GID), t.cells.size(a), state,
			a.Mtime.Local().Format("2006-01-02 15:04"))
	}
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for column, cell := range row {
			widths[column] = max(widths[column], runewidth.StringWidth(cell))
		}
	}
	// Names of owners and groups stand on the left.
	first := len(widths) - 7
	for i, row := range rows {
		var line strings.Builder
		for column, cell := range row {
			pad := strings.Repeat(" ", widths[column]-runewidth.StringWidth(cell))
			if column == first+2 || column == first+3 {
				line.WriteString(cell + pad + " ")
			} else {
				line.WriteString(pad + cell + " ")
			}
		}
		t.env.Output().Printf("%s%s\n", line.String(), t.cells.name(&entries[i]))
	}
}

// short writes as many columns of names as fit, each from top to bottom.
func (t *lsText) short(entries []lsEntry, width int) {
	const gap = 2
	names := make([]string, len(entries))
	for i := range entries {
		names[i] = t.plain(&entries[i])
	}
	rows, widths := 1, []int(nil)
	// Fewer rows do not fit; of many, not every number is tried.
	for ; ; rows += 1 + rows/16 {
		widths = columnWidths(names, rows, widths[:0])
		total := -gap
		for _, widest := range widths {
			total += widest + gap
		}
		if total <= width || rows >= len(names) {
			break
		}
	}
	for row := range min(rows, len(names)) {
		for column, at := 0, row; at < len(names); column, at = column+1, at+rows {
			t.env.Output().Printf("%s", names[at])
			if at+rows < len(names) {
				t.env.Output().Printf("%*s", widths[column]-runewidth.StringWidth(names[at])+gap, "")
			}
		}
		t.env.Output().Printf("\n")
	}
}

// columnWidths returns the widths of columns of so many rows.
func columnWidths(names []string, rows int, widths []int) []int {
	for column := range slices.Chunk(names, rows) {
		widest := 0
		for _, name := range column {
			widest = max(widest, runewidth.StringWidth(name))
		}
		widths = append(widths, widest)
	}
	return widths
}
