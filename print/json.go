// SPDX-License-Identifier: GPL-2.0-or-later

package print

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"unicode/utf8"

	"github.com/google/uuid"

	"scoutfs/engine/format"
)

// The methods below append JSON. Members are written with a comma in front;
// open drops the first one.

func (t text) member(name string) text { return t.s(`,"`).s(name).s(`":`) }

// open starts an object whose first member names the structure.
func (t text) open(structure string) text { return t.s(`{"structure":"`).s(structure).s(`"`) }

func (t text) memberString(name, value string) text {
	return t.member(name).jsonString([]byte(value))
}

func (t text) memberUint(name string, v uint64) text { return t.member(name).u(v) }

func (t text) hexString(v uint64, size int) text {
	t = t.s(`"`)
	for shift := size*8 - 4; shift >= 0; shift -= 4 {
		t = append(t, hexDigits[v>>shift&0xf])
	}
	return t.s(`"`)
}

// jsonString quotes bytes; invalid UTF-8 becomes replacement characters.
func (t text) jsonString(b []byte) text {
	t = append(t, '"')
	for i := 0; i < len(b); {
		c := b[i]
		switch {
		case c == '"' || c == '\\':
			t = append(t, '\\', c)
			i++
		case c < 0x20 || c == 0x7f:
			t = append(t, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&0xf])
			i++
		case c < utf8.RuneSelf:
			t = append(t, c)
			i++
		default:
			r, n := utf8.DecodeRune(b[i:])
			t = utf8.AppendRune(t, r)
			i += n
		}
	}
	return append(t, '"')
}

// memberBytes writes bytes that are usually text: as a string, and where
// that would lose something also in base64 as NAME_base64.
func (t text) memberBytes(name string, b []byte) text {
	t = t.member(name).jsonString(b)
	if !utf8.Valid(b) {
		t = t.memberBase64(name+"_base64", b)
	}
	return t
}

func (t text) memberBase64(name string, b []byte) text {
	t = t.member(name).s(`"`)
	t = base64.StdEncoding.AppendEncode(t, b)
	return t.s(`"`)
}

// fields appends the members of a structure.
func (t text) fields(l *format.Layout, b []byte) text {
	for i := range l.Fields {
		f := &l.Fields[i]
		if f.Kind == format.FieldPad {
			continue
		}
		t = t.member(f.Name)
		if f.Count == 0 {
			t = t.fieldValue(f, b[f.Offset:f.Offset+f.Size])
			continue
		}
		t = t.s("[")
		for n := range f.Count {
			if n > 0 {
				t = t.s(",")
			}
			at := f.Offset + n*f.Size
			t = t.fieldValue(f, b[at:at+f.Size])
		}
		t = t.s("]")
	}
	return t
}

func (t text) fieldValue(f *format.Field, b []byte) text {
	switch f.Kind {
	case format.FieldUint:
		return t.uintValue(f.Format, b)
	case format.FieldKey:
		k, _ := format.View[format.DiskKey](b)
		return t.s(`"`).diskKey(k).s(`"`)
	case format.FieldStruct:
		if f.Sub.Name == "inet addr" {
			return t.address(b)
		}
		return t.object(f.Sub, b)
	}
	if f.Format == "uuid" {
		id, _ := uuid.FromBytes(b)
		return t.s(`"`).s(id.String()).s(`"`)
	}
	t = t.s("[")
	for i, c := range b {
		if i > 0 {
			t = t.s(",")
		}
		t = t.u(uint64(c))
	}
	return t.s("]")
}

func (t text) uintValue(format string, b []byte) text {
	var v uint64
	switch len(b) {
	case 1:
		v = uint64(b[0])
	case 2:
		v = uint64(binary.LittleEndian.Uint16(b))
	case 4:
		v = uint64(binary.LittleEndian.Uint32(b))
	case 8:
		v = binary.LittleEndian.Uint64(b)
	}
	switch format {
	case "hex":
		return t.hexString(v, len(b))
	case "octal":
		return t.s(`"0`).o(v).s(`"`)
	case "signed":
		return t.i(int64(v))
	}
	return t.u(v)
}

func (t text) object(l *format.Layout, b []byte) text {
	start := len(t)
	t = t.fields(l, b)
	if len(t) == start {
		return t.s("{}")
	}
	t[start] = '{' // the first member's comma
	return t.s("}")
}

// address shows an IPv4 address as ADDR:PORT, no address as null, and
// anything else by its fields.
func (t text) address(b []byte) text {
	a, err := format.View[format.InetAddr](b)
	if err != nil || a.Family.Get() == format.FamilyNone {
		return t.s("null")
	}
	if addr, ok := a.AddrPort(); ok {
		return t.s(`"`).s(addr.String()).s(`"`)
	}
	return t.s(`{"family":`).u(uint64(a.Family.Get())).s("}")
}

// problem says in the stream what Options.Problem is told beside it.
func (e *jsonEncoder) problem(dst []byte, err error) []byte {
	t := text(dst).open("problem").memberString("message", err.Error())
	if corrupt, ok := errors.AsType[*format.CorruptError](err); ok {
		t = t.memberString("damaged", corrupt.Structure).
			memberString("place", corrupt.Place).
			memberString("field", corrupt.Field).
			memberString("found", corrupt.Found).
			memberString("expected", corrupt.Expected)
		if corrupt.Source != "" {
			t = t.memberString("source", corrupt.Source)
		}
	}
	return t.s("}\n")
}

// problem leaves upstream's text as it is.
func (textEncoder) problem(dst []byte, _ error) []byte { return dst }
