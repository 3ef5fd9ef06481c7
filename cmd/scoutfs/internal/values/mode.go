// SPDX-License-Identifier: GPL-2.0-or-later

package values

import (
	"fmt"
	"strconv"
	"strings"
)

// ModeChange is what chmod(1) does to permissions: it sets them, or changes
// some of them.
type ModeChange struct {
	octal   bool
	mode    uint32 // of an octal one
	digits  int
	clauses []modeClause
}

// modeClause is one of the parts of a symbolic mode that commas separate.
type modeClause struct {
	who     uint32 // the bits that it may touch: 4700 for the user, 2070, 1007; 0 for nobody in particular
	actions []modeAction
}

// modeAction is an operator and what stands behind it.
type modeAction struct {
	operator byte   // + - =
	perms    string // of rwxXst
	copyFrom byte   // u, g or o: take their permissions
}

const (
	setuid = 0o4000
	setgid = 0o2000
	sticky = 0o1000
)

// ParseMode reads permissions as chmod(1) takes them: up to four octal digits,
// or [ugoa...][-+=][rwxXst...|u|g|o] and more of that behind commas.
func ParseMode(text string) (ModeChange, error) {
	invalid := fmt.Errorf("invalid mode: '%s'", text)
	if text != "" && strings.Trim(text, "01234567") == "" {
		n, err := strconv.ParseUint(text, 8, 32)
		if err != nil || n > 0o7777 {
			return ModeChange{}, invalid
		}
		return ModeChange{octal: true, mode: uint32(n), digits: len(text)}, nil
	}
	var change ModeChange
	for part := range strings.SplitSeq(text, ",") {
		clause, ok := parseClause(part)
		if !ok {
			return ModeChange{}, invalid
		}
		change.clauses = append(change.clauses, clause)
	}
	return change, nil
}

func parseClause(text string) (c modeClause, ok bool) {
	for text != "" && strings.IndexByte("ugoa", text[0]) >= 0 {
		c.who |= map[byte]uint32{'u': setuid | 0o700, 'g': setgid | 0o070, 'o': sticky | 0o007, 'a': 0o7777}[text[0]]
		text = text[1:]
	}
	for text != "" {
		a := modeAction{operator: text[0]}
		if strings.IndexByte("+-=", a.operator) < 0 {
			return c, false
		}
		text = text[1:]
		if text != "" && strings.IndexByte("ugo", text[0]) >= 0 {
			a.copyFrom, text = text[0], text[1:]
		} else {
			n := len(text) - len(strings.TrimLeft(text, "rwxXst"))
			a.perms, text = text[:n], text[n:]
		}
		c.actions = append(c.actions, a)
	}
	return c, len(c.actions) > 0
}

// Apply returns the permissions of a file that had mode before. The umask
// matters to a symbolic mode that does not say whose permissions it changes.
// As with chmod(1), up to four octal digits leave setuid and setgid of a
// directory alone unless they set them.
func (m ModeChange) Apply(mode uint32, isDir bool, umask uint32) uint32 {
	mode &= 0o7777
	if m.octal {
		if isDir && m.digits <= 4 {
			return m.mode | mode&(setuid|setgid)
		}
		return m.mode
	}
	for _, c := range m.clauses {
		for _, a := range c.actions {
			mode = a.apply(mode, c.who, isDir, umask)
		}
	}
	return mode
}

func (a modeAction) apply(mode, who uint32, isDir bool, umask uint32) uint32 {
	touch := who
	if who == 0 {
		touch = 0o7777 &^ umask
	}
	bits := a.bits(mode, isDir) & touch
	switch a.operator {
	case '+':
		return mode | bits
	case '-':
		return mode &^ bits
	}
	gone := who
	if who == 0 {
		gone = 0o7777
	}
	if isDir {
		gone &^= setuid | setgid
	}
	return mode&^gone | bits
}

// bits are the permissions named, for everybody.
func (a modeAction) bits(mode uint32, isDir bool) (bits uint32) {
	switch a.copyFrom {
	case 'u':
		return (mode >> 6 & 7) * 0o111
	case 'g':
		return (mode >> 3 & 7) * 0o111
	case 'o':
		return (mode & 7) * 0o111
	}
	for _, p := range a.perms {
		switch {
		case p == 'r':
			bits |= 0o444
		case p == 'w':
			bits |= 0o222
		case p == 'x', p == 'X' && (isDir || mode&0o111 != 0):
			bits |= 0o111
		case p == 's':
			bits |= setuid | setgid
		case p == 't':
			bits |= sticky
		}
	}
	return bits
}
