// SPDX-License-Identifier: GPL-2.0-or-later

package format

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
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
	FieldKey                     // DiskKey, whose layout is Sub
	FieldStruct                  // structure Sub
)

// Field is one field of a structure's layout. An array field stands once,
// with Count elements of Size bytes each from Offset. A run of plain bytes,
// such as a pad or a uuid, is no array but one field of its length.
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

// LayoutOf derives the layout of an on-disk structure; a T that is not a
// struct has no fields. It uses reflection and allocates: call it once and
// keep the result.
func LayoutOf[T any]() *Layout { return layoutOf(reflect.TypeFor[T]()) }

// Find returns the field with a name; a dot descends into a structure and
// [n] picks an element of an array: "qconf.slots[2].port". The returned
// field has its Offset counted from the start of l.
func (l *Layout) Find(path string) (Field, error) {
	element, rest, deeper := strings.Cut(path, ".")
	name, index, indexed := strings.Cut(element, "[")
	i := slices.IndexFunc(l.Fields, func(f Field) bool { return f.Name == name })
	if i < 0 {
		return Field{}, fmt.Errorf("%s has no field %q", l.Name, name)
	}
	f := l.Fields[i]
	if indexed {
		n, err := strconv.ParseUint(strings.TrimSuffix(index, "]"), 10, 31)
		if err != nil || !strings.HasSuffix(index, "]") {
			return Field{}, fmt.Errorf("%s: bad index in %q", l.Name, element)
		}
		if int(n) >= f.Count {
			return Field{}, fmt.Errorf("%s: %s has %d elements, index is %d", l.Name, name, f.Count, n)
		}
		f.Offset += int(n) * f.Size
		f.Count = 0
	}
	if !deeper {
		return f, nil
	}
	if f.Count != 0 {
		return Field{}, fmt.Errorf("%s: %s is an array, pick an element with %s[0]", l.Name, name, name)
	}
	if f.Sub == nil {
		return Field{}, fmt.Errorf("%s: %s has no field %q", l.Name, name, rest)
	}
	sub, err := f.Sub.Find(rest)
	if err != nil {
		return Field{}, err
	}
	sub.Offset += f.Offset
	return sub, nil
}

// structureName is the name of a structure in errors and layouts.
func structureName(t reflect.Type) string { return words(t.Name(), ' ') }

func layoutOf(t reflect.Type) *Layout {
	l := &Layout{Name: structureName(t), Size: int(t.Size())}
	if t.Kind() != reflect.Struct {
		return l
	}
	for f := range t.Fields() {
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
	_, each := f.Tag.Lookup("each") // of an array of bytes: every byte is a number
	if t.Kind() == reflect.Array && !isInteger(t) && (each || t.Elem().Kind() != reflect.Uint8) {
		out.Count = t.Len()
		t = t.Elem()
	}
	out.Size = int(t.Size())
	switch {
	case f.Name == "Pad" || f.Name == "Spare" || f.Name == "Future":
		out.Kind = FieldPad
	case isInteger(t):
		out.Kind = FieldUint
	case t == reflect.TypeFor[DiskKey]():
		out.Kind, out.Sub = FieldKey, layoutOf(t)
	case t.Kind() == reflect.Struct:
		out.Kind, out.Sub = FieldStruct, layoutOf(t)
	default:
		out.Kind = FieldBytes
	}
	return out
}

func isInteger(t reflect.Type) bool {
	switch t {
	case reflect.TypeFor[U16](), reflect.TypeFor[U32](), reflect.TypeFor[U64]():
		return true
	}
	return t.Kind() == reflect.Uint8
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
