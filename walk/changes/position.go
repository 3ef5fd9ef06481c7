// SPDX-License-Identifier: GPL-2.0-or-later

package changes

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Position is a place in the feed, behind the change of an inode at a
// sequence number. Changes are ordered by Seq, then Ino. The zero Position is
// before the first.
type Position struct {
	Seq uint64
	Ino uint64
}

// AfterSeq is the position behind all changes of a sequence number.
func AfterSeq(seq uint64) Position { return Position{seq, math.MaxUint64} }

// Less reports whether p comes before o.
func (p Position) Less(o Position) bool {
	return p.Seq < o.Seq || p.Seq == o.Seq && p.Ino < o.Ino
}

// next is the first place behind p; ok is false if there is none.
func (p Position) next() (next Position, ok bool) {
	if p.Ino == math.MaxUint64 {
		return Position{Seq: p.Seq + 1}, p.Seq != math.MaxUint64
	}
	return Position{p.Seq, p.Ino + 1}, true
}

// String returns the form SEQ.INO.
func (p Position) String() string { return string(p.Append(nil)) }

// Append appends the form SEQ.INO to b.
func (p Position) Append(b []byte) []byte {
	b = append(strconv.AppendUint(b, p.Seq, 10), '.')
	return strconv.AppendUint(b, p.Ino, 10)
}

// ParsePosition reads the form SEQ.INO.
func ParsePosition(text string) (Position, error) {
	seq, ino, found := strings.Cut(text, ".")
	if !found {
		return Position{}, fmt.Errorf("'%s' is no position of the form SEQ.INO", text)
	}
	var p Position
	var err error
	if p.Seq, err = strconv.ParseUint(seq, 10, 64); err != nil {
		return Position{}, fmt.Errorf("position '%s': %w", text, err)
	}
	if p.Ino, err = strconv.ParseUint(ino, 10, 64); err != nil {
		return Position{}, fmt.Errorf("position '%s': %w", text, err)
	}
	return p, nil
}
