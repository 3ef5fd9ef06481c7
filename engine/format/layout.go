// SPDX-License-Identifier: GPL-2.0-or-later

package format

import (
	"fmt"
	"reflect"
	"strings"
	"unicode"
)

// FieldKind says how a field's bytes are read.
type FieldKind int

// Kinds of fields.
const (
	FieldUint   FieldKind = iota // little-endian unsigned integer of Size bytes
	FieldBytes                   // plain bytes
	FieldPad                     // bytes that mean nothing
	FieldKey                     // DiskKey
	FieldStruct                  // structure Sub
)

// Field is one field of a structure's layout. An array field stands once,
// with Count elements of Size bytes each from Offset.
type Field struct {
	Name   string // upstream's name in lower case with underscores
	Offset int    // from the structure's start, bytes
	Size   int    // bytes of one element
	Count  int    // elements; 0 if the field is no array
	Kind   FieldKind
	Format string // how people want to see it: "", "hex", "octal", "signed", "uuid"
	Sub    *Layout
}

// Layout lists the fields of a structure in order of their offsets, so that
// code can print or change any of them by name. It is derived from the Go
// declaration, the one place that knows the offsets.
type Layout struct {
	Name   string // "log trees", "btree item"
	Size   int    // bytes
	Fields []Field
}

// LayoutOf derives the layout of an on-disk structure. It uses reflection
// and allocates: call it once and keep the result.
func LayoutOf[T any]() *Layout { return layoutOf(reflect.TypeFor[T]()) }

// Find returns the field with a name; a dot descends into a structure and
// [n] picks an element of an array: "qconf.slots[2].port". The returned
// field has its Offset counted from the start of l.
func (l *Layout) Find(path string) (Field, error) {
	name, rest, deeper := strings.Cut(path, ".")
	index := -1
	if open := strings.IndexByte(name, '['); open >= 0 {
		if _, err := fmt.Sscanf(name[open:], "[%d]", &index); err != nil || index < 0 || !strings.HasSuffix(name, "]") {
			return Field{}, fmt.Errorf("%s: bad index in %q", l.Name, name)
		}
		name = name[:open]
	}
	for _, f := range l.Fields {
		if f.Name != name {
			continue
		}
		if index >= 0 {
			if index >= f.Count {
				return Field{}, fmt.Errorf("%s: %s has %d elements, index is %d", l.Name, name, f.Count, index)
			}
			f.Offset += index * f.Size
			f.Count = 0
		}
		if !deeper {
			return f, nil
		}
		if f.Sub == nil || f.Count != 0 {
			return Field{}, fmt.Errorf("%s: %s has no field %q", l.Name, name, rest)
		}
		sub, err := f.Sub.Find(rest)
		sub.Offset += f.Offset
		return sub, err
	}
	return Field{}, fmt.Errorf("%s has no field %q", l.Name, name)
}

func layoutOf(t reflect.Type) *Layout {
	l := &Layout{Name: words(t.Name(), ' '), Size: int(t.Size())}
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Anonymous {
			for _, in := range layoutOf(f.Type).Fields {
				in.Offset += int(f.Offset)
				l.Fields = append(l.Fields, in)
			}
			continue
		}
		l.Fields = append(l.Fields, fieldOf(f))
	}
	return l
}

func fieldOf(f reflect.StructField) Field {
	out := Field{Name: words(f.Name, '_'), Offset: int(f.Offset), Format: f.Tag.Get("fmt")}
	t := f.Type
	if t.Kind() == reflect.Array && t.Elem().Kind() != reflect.Uint8 {
		out.Count = t.Len()
		t = t.Elem()
	}
	out.Size = int(t.Size())
	switch t {
	case reflect.TypeFor[U16](), reflect.TypeFor[U32](), reflect.TypeFor[U64](), reflect.TypeFor[byte]():
		out.Kind = FieldUint
	case reflect.TypeFor[DiskKey]():
		out.Kind = FieldKey
	default:
		switch {
		case t.Kind() == reflect.Struct:
			out.Kind, out.Sub = FieldStruct, layoutOf(t)
		case f.Name == "Pad" || f.Name == "Spare" || f.Name == "Future":
			out.Kind = FieldPad
		default:
			out.Kind = FieldBytes
		}
	}
	return out
}

// words turns a Go name into separate lower-case words; a run of capitals is
// one word, as in "RIDCount" and "fsRID".
func words(name string, sep rune) string {
	var out strings.Builder
	r := []rune(name)
	for i, c := range r {
		if i > 0 && unicode.IsUpper(c) &&
			(!unicode.IsUpper(r[i-1]) || i+1 < len(r) && unicode.IsLower(r[i+1])) {
			out.WriteRune(sep)
		}
		out.WriteRune(unicode.ToLower(c))
	}
	return out.String()
}
