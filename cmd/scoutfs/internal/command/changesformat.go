// SPDX-License-Identifier: GPL-2.0-or-later

package command

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"scoutfs/cmd/scoutfs/internal/output"
	"scoutfs/engine/format"
	"scoutfs/walk/changes"
)

// changeListing says how a feed is written.
func changeListing(detail changes.Detail) listing[changeItem] {
	l := listing[changeItem]{
		columns: []output.Column{
			{Name: "POSITION", Right: true},
			{Name: "MODE"},
			{Name: "UID", Right: true},
			{Name: "GID", Right: true},
			{Name: "SIZE", Right: true},
			{Name: "ONLINE", Right: true},
			{Name: "OFFLINE", Right: true},
			{Name: "VERSION", Right: true},
			{Name: "MTIME"},
			{Name: "PATH"},
		},
		text: func(out *output.Writer, _ int, item changeItem) { writeChangeText(out, item) },
		row:  changeCells,
		json: func(item changeItem) any { return changeJSON{item, detail} },
	}
	return l
}

// writeChangeText writes the cells of a record's row, and further paths and
// xattrs in lines of their own.
func writeChangeText(out *output.Writer, item changeItem) {
	switch {
	case item.end != nil:
		next := "-"
		if seq, ok := item.end.Next(); ok {
			next = strconv.FormatUint(seq, 10)
		}
		out.Printf("end %s %s\n", next, item.end.Position())
		return
	case item.err != nil:
		out.Printf("%s damaged %s\n", item.change.At, item.err)
		return
	case item.change.Gone:
		out.Printf("%s gone\n", item.change.At)
		return
	}
	out.Printf("%s\n", strings.Join(changeCells(item), " "))
	for _, path := range item.change.Paths[1:] {
		out.Printf("  path %s\n", shownName(path))
	}
	for _, x := range item.change.Xattrs {
		out.Printf("  xattr %d %s\n", len(x.Value), shownName(x.Name))
	}
}

// changeCells are the cells of a table's row.
func changeCells(item changeItem) []string {
	switch {
	case item.end != nil:
		next := "no sequence number"
		if seq, ok := item.end.Next(); ok {
			next = strconv.FormatUint(seq, 10)
		}
		return []string{item.end.Position().String(), "end", "", "", "", "", "", "", "", "next " + next}
	case item.err != nil:
		return []string{item.change.At.String(), "damaged", "", "", "", "", "", "", "", item.err.Error()}
	case item.change.Gone:
		return []string{item.change.At.String(), "gone", "", "", "", "", "", "", "", ""}
	}
	c := item.change
	number := func(v uint64) string { return strconv.FormatUint(v, 10) }
	archive := func(v uint64) string {
		if !c.Archive {
			return "-"
		}
		return number(v)
	}
	return []string{
		c.At.String(), modeText(c.Mode), number(uint64(c.UID)), number(uint64(c.GID)), number(c.Size),
		archive(c.OnlineBlocks), archive(c.OfflineBlocks), archive(c.DataVersion),
		c.Mtime.UTC().Format(time.RFC3339), shownName(c.Paths[0]),
	}
}

// fileKind names the kind of file that a mode says, and gives the letter that
// ls shows for it.
func fileKind(mode uint32) (name string, letter byte) {
	switch mode & format.ModeTypeMask {
	case format.ModeRegular:
		return "file", '-'
	case format.ModeDirectory:
		return "directory", 'd'
	case format.ModeSymlink:
		return "symlink", 'l'
	case format.ModeCharDevice:
		return "char_device", 'c'
	case format.ModeBlockDevice:
		return "block_device", 'b'
	case format.ModeFIFO:
		return "fifo", 'p'
	case format.ModeSocket:
		return "socket", 's'
	}
	return "unknown", '?'
}

// modeText shows a mode as ls does.
func modeText(mode uint32) string {
	text := []byte("?rwxrwxrwx")
	_, text[0] = fileKind(mode)
	for i := range 9 {
		if mode&(0o400>>i) == 0 {
			text[1+i] = '-'
		}
	}
	for i, special := range [...]struct {
		bit         uint32
		with, alone byte
	}{{0o4000, 's', 'S'}, {0o2000, 's', 'S'}, {0o1000, 't', 'T'}} {
		at := 3 * (i + 1)
		switch {
		case mode&special.bit == 0:
		case text[at] == 'x':
			text[at] = special.with
		default:
			text[at] = special.alone
		}
	}
	return string(text)
}

// shownName is a name for people: quoted if showing it would do something to
// the terminal or could not be told from another.
func shownName(name string) string {
	if utf8.ValidString(name) && !strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return name
	}
	return strconv.Quote(name)
}

// changeJSON is a line of the feed in JSON.
type changeJSON struct {
	changeItem
	detail changes.Detail
}

// AppendJSON implements output.Appender.
func (j changeJSON) AppendJSON(b []byte) ([]byte, error) {
	switch {
	case j.end != nil:
		b = append(b, `{"type":"end"`...)
		if seq, ok := j.end.Next(); ok {
			b = appendNumber(b, "next", seq)
		}
		b = appendPosition(b, j.end.Position())
		b = appendNumber(b, "records", j.end.Given())
		return append(b, '}'), nil
	case j.err != nil:
		message, err := json.Marshal(j.err.Error())
		if err != nil {
			return nil, err
		}
		b = appendPlace(append(b, `{"type":"damaged"`...), j.change)
		b = append(append(b, `,"message":`...), message...)
		return append(b, '}'), nil
	case j.change.Gone:
		b = appendPlace(append(b, `{"type":"gone"`...), j.change)
		return append(b, '}'), nil
	}
	return j.appendChange(b)
}

func appendPlace(b []byte, c *changes.Change) []byte {
	b = appendPosition(b, c.At)
	b = appendNumber(b, "seq", c.At.Seq)
	return appendNumber(b, "ino", c.At.Ino)
}

func appendPosition(b []byte, p changes.Position) []byte {
	return append(p.Append(append(b, `,"position":"`...)), '"')
}

func (j changeJSON) appendChange(b []byte) ([]byte, error) {
	c := j.change
	b = appendPlace(append(b, `{"type":"change"`...), c)
	kind, _ := fileKind(c.Mode)
	b = append(append(append(b, `,"kind":"`...), kind...), '"')
	b, err := appendNames(b, c.Paths, j.detail.AllPaths)
	if err != nil {
		return nil, err
	}
	b = fmt.Appendf(b, `,"mode":"%06o"`, c.Mode)
	b = appendNumber(b, "nlink", uint64(c.Nlink))
	b = appendNumber(b, "uid", uint64(c.UID))
	b = appendNumber(b, "gid", uint64(c.GID))
	switch c.Mode & format.ModeTypeMask {
	case format.ModeCharDevice, format.ModeBlockDevice:
		b = appendNumber(b, "rdev_major", uint64(c.RdevMajor))
		b = appendNumber(b, "rdev_minor", uint64(c.RdevMinor))
	}
	b = appendNumber(b, "size", c.Size)
	b = appendNumber(b, "blocks", c.Blocks)
	b = appendTime(b, "atime", c.Atime)
	b = appendTime(b, "mtime", c.Mtime)
	b = appendTime(b, "ctime", c.Ctime)
	if c.Archive {
		b = appendTime(b, "crtime", c.Crtime)
		b = appendNumber(b, "meta_seq", c.MetaSeq)
		b = appendNumber(b, "data_seq", c.DataSeq)
		b = appendNumber(b, "data_version", c.DataVersion)
		b = appendNumber(b, "online_blocks", c.OnlineBlocks)
		b = appendNumber(b, "offline_blocks", c.OfflineBlocks)
		b = appendNumber(b, "project_id", c.ProjectID)
		b = strconv.AppendBool(append(b, `,"retention":`...), c.Retention)
	}
	if j.detail.Xattrs {
		if b, err = appendXattrs(b, c.Xattrs); err != nil {
			return nil, err
		}
	}
	return append(b, '}'), nil
}

// appendNames appends the first path, and all of them if they are wanted.
func appendNames(b []byte, paths []string, all bool) ([]byte, error) {
	b, err := appendName(append(b, `,"path":`...), paths[0])
	if err != nil || !all {
		return b, err
	}
	b = append(b, `,"paths":[`...)
	for i, path := range paths {
		if i > 0 {
			b = append(b, ',')
		}
		if b, err = appendName(b, path); err != nil {
			return nil, err
		}
	}
	return append(b, ']'), nil
}

func appendXattrs(b []byte, xattrs []changes.Xattr) ([]byte, error) {
	b = append(b, `,"xattrs":[`...)
	for i, x := range xattrs {
		if i > 0 {
			b = append(b, ',')
		}
		var err error
		if b, err = appendName(append(b, `{"name":`...), x.Name); err != nil {
			return nil, err
		}
		if b, err = appendName(append(b, `,"value":`...), string(x.Value)); err != nil {
			return nil, err
		}
		b = append(b, '}')
	}
	return append(b, ']'), nil
}

// appendName appends an output.Name.
func appendName(b []byte, name string) ([]byte, error) {
	text, err := output.Name(name).MarshalJSON()
	return append(b, text...), err
}

func appendNumber(b []byte, name string, v uint64) []byte {
	b = append(append(append(b, ',', '"'), name...), `":`...)
	return strconv.AppendUint(b, v, 10)
}

// appendTime appends a time as SECONDS.NANOSECONDS, as stat has it.
func appendTime(b []byte, name string, t time.Time) []byte {
	return fmt.Appendf(b, `,"%s":"%d.%09d"`, name, t.Unix(), t.Nanosecond())
}
