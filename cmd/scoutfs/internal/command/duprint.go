// SPDX-License-Identifier: GPL-2.0-or-later

package command

import (
	"strconv"

	"scoutfs/cmd/scoutfs/internal/output"
	"scoutfs/walk/usage"
)

// duRow is a line of du.
type duRow struct {
	kind  string // of the line, as JSON has it
	path  string // of a file or directory
	ino   uint64
	id    uint64 // of an owner, group or project
	known bool   // id
	name  string // of an owner or group, if it has one
	sum   usage.Sum
}

// isFile reports whether the row is about a place in the tree.
func (r *duRow) isFile() bool { return r.kind == byDirectory || r.kind == "file" }

// listing says how rows are written.
func (d *duCommand) listing() listing[duRow] {
	l := listing[duRow]{
		columns: []output.Column{
			{Name: "ONLINE", Right: true},
			{Name: "OFFLINE", Right: true},
			{Name: "SIZE", Right: true},
			{Name: "INODES", Right: true},
		},
		text: d.text,
		row: func(r duRow) []string {
			cells := []string{
				d.bytes(r.sum.Online), d.bytes(r.sum.Offline), d.bytes(r.sum.Apparent),
				strconv.FormatUint(r.sum.Inodes, 10),
			}
			if d.by == byDirectory {
				return append(cells, d.label(&r))
			}
			return append(cells, d.number(&r), r.name)
		},
		json: func(r duRow) any { return duJSON{r} },
	}
	if d.by == byDirectory {
		l.columns = append(l.columns, output.Column{Name: "PATH"})
	} else {
		l.columns = append(l.columns, output.Column{Name: "ID", Right: true}, output.Column{Name: "NAME"})
	}
	return l
}

func (d *duCommand) text(out *output.Writer, _ int, r duRow) {
	out.Printf("%s\t%s\t", d.bytes(r.sum.Online), d.bytes(r.sum.Offline))
	switch {
	case r.isFile() || r.name == "":
		out.Printf("%s\n", d.label(&r))
	default:
		out.Printf("%s\t%s\n", d.number(&r), r.name)
	}
}

// label is what a row is about, in one word.
func (d *duCommand) label(r *duRow) string {
	if r.isFile() {
		return nameFor(d.env, r.path)
	}
	return d.number(r)
}

// number is the number of an owner, or the word for what has none.
func (d *duCommand) number(r *duRow) string {
	switch {
	case r.kind == "total":
		return r.kind
	case !r.known:
		return "unknown"
	}
	return strconv.FormatUint(r.id, 10)
}

func (d *duCommand) bytes(n uint64) string {
	if d.human {
		return shortSize(n)
	}
	return strconv.FormatUint(n, 10)
}

// duJSON is a row in JSON.
type duJSON struct{ duRow }

// AppendJSON implements output.Appender.
func (j duJSON) AppendJSON(b []byte) ([]byte, error) {
	var err error
	b = append(append(append(b, `{"type":"`...), j.kind...), '"')
	switch {
	case j.isFile():
		if b, err = appendName(append(b, `,"path":`...), j.path); err != nil {
			return nil, err
		}
		b = appendNumber(b, "ino", j.ino)
	case j.kind == "total":
	case j.known:
		b = appendNumber(b, "id", j.id)
	default:
		b = append(b, `,"id":null`...)
	}
	if j.name != "" {
		if b, err = appendName(append(b, `,"name":`...), j.name); err != nil {
			return nil, err
		}
	}
	b = appendNumber(b, "online_bytes", j.sum.Online)
	b = appendNumber(b, "offline_bytes", j.sum.Offline)
	b = appendNumber(b, "size", j.sum.Apparent)
	b = appendNumber(b, "inodes", j.sum.Inodes)
	return append(b, '}'), nil
}
