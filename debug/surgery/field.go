// SPDX-License-Identifier: GPL-2.0-or-later

package surgery

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"scoutfs/engine/format"
)

// Field is a field of a block.
type Field struct {
	Name         string
	Offset, Size int // bytes, from the block's start

	field format.Field
}

// FindField returns the field of a block that Dump shows under a name, or
// would show if it were not zero.
func FindField(block []byte, name string) (Field, error) {
	hdr, err := format.View[format.BlockHeader](block)
	if err != nil {
		return Field{}, err
	}
	if format.BlockSize(hdr.Magic.Get()) != len(block) {
		return findIn[wholeHeader](name)
	}
	switch hdr.Magic.Get() {
	case format.MagicSuper:
		return findIn[format.Super](name)
	case format.MagicQuorum:
		return findIn[format.QuorumBlock](name)
	case format.MagicBtree:
		return findInTree((*format.BtreeBlock)(block), name)
	case format.MagicAllocList:
		return findIn[format.AllocListBlock](name)
	case format.MagicBloom:
		return findIn[bloomFields](name)
	case format.MagicSrchBlock:
		return findIn[format.SrchBlockHead](name)
	}
	return findIn[format.SrchParent](name)
}

// bloomFields is a bloom block whose bytes have names.
type bloomFields struct {
	Hdr      format.BlockHeader
	TotalSet format.U64
	Bits     [format.BloomBits / 8]byte `each:"byte"`
}

func findIn[T any](name string) (Field, error) {
	return findAt(format.LayoutOf[T](), 0, name, name)
}

// findAt finds a field in a structure that is at an offset of the block.
func findAt(l *format.Layout, at int, name, path string) (Field, error) {
	f, err := l.Find(path)
	if err != nil {
		return Field{}, err
	}
	if f.Count != 0 {
		return Field{}, fmt.Errorf("%s is an array of %d, pick one as in %s[0]", name, f.Count, name)
	}
	if f.Kind == format.FieldStruct {
		return Field{}, fmt.Errorf("%s is a structure, name one of its fields as in %s.%s", name, name, f.Sub.Fields[0].Name)
	}
	return Field{Name: name, Offset: at + f.Offset, Size: f.Size, field: f}, nil
}

func findInTree(b *format.BtreeBlock, name string) (Field, error) {
	if text, ok := strings.CutPrefix(name, "leaf_hash["); ok {
		i, err := strconv.Atoi(strings.TrimSuffix(text, "]"))
		if err != nil || i < 0 || i >= format.LeafHashSlots || b.Level() > 0 {
			return Field{}, fmt.Errorf("%s: a leaf has leaf_hash[0] to leaf_hash[%d]", name, format.LeafHashSlots-1)
		}
		return Field{Name: name, Offset: format.LeafHashOffset + 2*i, Size: 2, field: format.Field{Kind: format.FieldUint, Size: 2}}, nil
	}
	text, ok := strings.CutPrefix(name, "items[")
	if !ok {
		return findIn[format.BtreeBlockHead](name)
	}
	number, path, ok := strings.Cut(text, "].")
	slot, err := strconv.Atoi(number)
	if !ok || err != nil || slot < 0 || slot >= format.MaxBtreeSlots {
		return Field{}, fmt.Errorf("%s: name a field of an item as in items[0].seq", name)
	}
	rest, ok := strings.CutPrefix(path, "value.")
	if !ok {
		return findAt(format.LayoutOf[format.BtreeItem](), format.BtreeItemsOffset+slot*format.BtreeItemSize, name, path)
	}
	return findInValue(b, slot, name, rest)
}

func findInValue(b *format.BtreeBlock, slot int, name, path string) (Field, error) {
	it := b.Item(slot)
	value, ok := b.Value(it)
	if !ok || len(value) == 0 {
		return Field{}, fmt.Errorf("%s: the item has no value in its block", name)
	}
	at := int(it.ValOff.Get())
	l, rest := valueLayout(b.Level(), it.Key.Key(), value)
	if l != nil {
		if f, err := findAt(l, at, name, path); err == nil || len(rest) == 0 {
			return f, err
		}
		at += l.Size
	}
	for _, r := range rest {
		if r.name == path {
			return Field{Name: name, Offset: at, Size: r.size, field: format.Field{Kind: format.FieldBytes}}, nil
		}
		at += r.size
	}
	return Field{}, fmt.Errorf("the value of a %s item has no field %q", format.KindOf(it.Key.Key()), path)
}

// Text returns what the field says.
func (f Field) Text(block []byte) string {
	return valueText(f.field, block[f.Offset:f.Offset+f.Size])
}

// Set reads a value and stores it in the field: a number in decimal, octal
// with 0 or hexadecimal with 0x, which may be negative; a key as
// zone.first.type.second.third.fourth; a UUID; a text in quotes; other bytes
// in hexadecimal. Bytes have to be as many as the field has.
func (f Field) Set(block []byte, text string) error {
	to := block[f.Offset : f.Offset+f.Size]
	switch {
	case f.field.Kind == format.FieldUint:
		return f.setNumber(to, text)
	case f.field.Kind == format.FieldKey:
		k, err := format.ParseKey(text)
		if err != nil {
			return err
		}
		key, err := format.View[format.DiskKey](to)
		if err == nil {
			key.Set(k)
		}
		return err
	case f.field.Format == "uuid":
		id, err := uuid.Parse(text)
		if err != nil {
			return fmt.Errorf("%s: %w", f.Name, err)
		}
		copy(to, id[:])
		return nil
	}
	return f.setBytes(to, text)
}

func (f Field) setNumber(to []byte, text string) error {
	bits := 8 * f.Size
	n, err := strconv.ParseUint(text, 0, bits)
	if err != nil {
		signed, signedErr := strconv.ParseInt(text, 0, bits)
		if signedErr != nil {
			return fmt.Errorf("%s: '%s' is no number of %d bits", f.Name, text, bits)
		}
		n = uint64(signed)
	}
	for i := range to {
		to[i] = byte(n >> (8 * i))
	}
	return nil
}

func (f Field) setBytes(to []byte, text string) error {
	bytes, err := hex.DecodeString(strings.TrimPrefix(text, "0x"))
	if plain, quoteErr := strconv.Unquote(text); quoteErr == nil {
		bytes, err = []byte(plain), nil
	}
	if err != nil {
		return fmt.Errorf("%s: '%s' is neither hexadecimal nor a text in quotes", f.Name, text)
	}
	if len(bytes) != len(to) {
		return fmt.Errorf("%s has %d bytes, '%s' has %d", f.Name, len(to), text, len(bytes))
	}
	copy(to, bytes)
	return nil
}

// valueText writes a field for people.
func valueText(f format.Field, b []byte) string {
	switch {
	case f.Kind == format.FieldKey:
		if k, err := format.View[format.DiskKey](b); err == nil {
			return keyText(k.Key())
		}
	case f.Kind == format.FieldUint:
		return numberText(f, b)
	case f.Format == "uuid" && len(b) == len(uuid.UUID{}):
		return uuid.UUID(b).String()
	}
	return hex.EncodeToString(b)
}

// keyText writes a key with the name of its kind.
func keyText(k format.Key) string {
	if kind := format.KindOf(k); kind != format.KindUnknown {
		return k.String() + " " + kind.String()
	}
	return k.String()
}

func numberText(f format.Field, b []byte) string {
	n := uint64(0)
	for i, c := range b {
		n |= uint64(c) << (8 * i)
	}
	switch f.Format {
	case "hex":
		return fmt.Sprintf("0x%0*x", 2*f.Size, n)
	case "octal":
		return fmt.Sprintf("0%o", n)
	case "signed":
		return strconv.FormatInt(int64(n), 10)
	}
	return strconv.FormatUint(n, 10)
}

// quoted writes a text with its length bounded by the value that it is in.
func quoted(b []byte) string { return strconv.Quote(string(b)) }

// FieldsOf names the fields that a change is in, in the block as it is now.
func (v *Volume) FieldsOf(c Change) []string {
	b := v.held[c.Place]
	if b == nil {
		return nil
	}
	var names []string
	for l := range Dump(b.Bytes) {
		if l.Offset < c.Offset+len(c.New) && c.Offset < l.Offset+l.Size {
			names = append(names, l.Name)
		}
	}
	return names
}
