// SPDX-License-Identifier: GPL-2.0-or-later

package command

import (
	"encoding/hex"
	"fmt"

	"github.com/spf13/cobra"

	"scoutfs/cmd/scoutfs/internal/cli"
	"scoutfs/cmd/scoutfs/internal/output"
	"scoutfs/engine/format"
)

func newDebugKey(env *cli.Env) *cobra.Command {
	return debugGroup("key", "Show what a key is, or make one", newKeyShow(env), newKeySet(env))
}

// shownKey is a key as JSON.
type shownKey struct {
	Key    string      `json:"key"`
	Kind   string      `json:"kind"`
	Fields [][2]string `json:"fields"` // names and values that the kind gives them
	Hex    string      `json:"hex"`    // as on the device
	Bucket int         `json:"leaf_hash_bucket"`
	// Of items of the filesystem: the lock that covers them.
	LockStart string   `json:"lock_start,omitempty"`
	LockEnd   string   `json:"lock_end,omitempty"`
	BloomBits []uint32 `json:"bloom_bits,omitempty"`
}

func newKeyShow(env *cli.Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "show KEY",
		Short: "Show what the numbers of a key mean, its bytes and its hashes",
		Long: `KEY is written as zone.first.type.second.third.fourth, in decimal,
hexadecimal after 0x or octal after 0; what is left off is 0. max is the
greatest key.

The JSON forms report key, kind, fields as pairs of name and value, hex,
leaf_hash_bucket, and of items of the filesystem lock_start, lock_end and
bloom_bits.`,
		Example: `  scoutfs debug key show 16.1.4`,
		RunE: func(_ *cobra.Command, operands []string) error {
			if len(operands) != 1 {
				return cli.Usagef("one key is needed")
			}
			k, err := format.ParseKey(operands[0])
			if err != nil {
				return cli.Usagef("%s", err)
			}
			return writeKey(env.Output(), k)
		},
	}
	cli.Reports(cmd, output.JSON, output.JSONL)
	return cmd
}

func newKeySet(env *cli.Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "set KEY FIELD=VALUE...",
		Short: "Show a key with other numbers",
		Long: `Shows what debug key show shows of KEY with some numbers replaced. A FIELD is
zone, first, type, second, third or fourth, or what debug key show calls it
for the kind of item.`,
		Example: `  scoutfs debug key set 16.1.4 ino=1024`,
		RunE: func(_ *cobra.Command, operands []string) error {
			if len(operands) < 1 {
				return cli.Usagef("a key is needed")
			}
			k, err := format.ParseKey(operands[0])
			if err != nil {
				return cli.Usagef("%s", err)
			}
			fields, err := assignments(operands[1:])
			if err != nil {
				return err
			}
			for _, f := range fields {
				if err := setKeyField(&k, f[0], f[1]); err != nil {
					return cli.Usagef("%s", err)
				}
			}
			return writeKey(env.Output(), k)
		},
	}
	cli.Reports(cmd, output.JSON, output.JSONL)
	return cmd
}

// setKeyField sets a number of a key by its name.
func setKeyField(k *format.Key, name, value string) error {
	d := format.KindOf(*k).Describe()
	// A key with one number in this place, read by the one parser of keys.
	var pattern string
	switch name {
	case "zone":
		pattern = "%s"
	case "type":
		pattern = "0.0.%s"
	case "first", d.First.Name:
		pattern = "0.%s"
	case "second", d.Second.Name:
		pattern = "0.0.0.%s"
	case "third", d.Third.Name:
		pattern = "0.0.0.0.%s"
	case "fourth", d.Fourth.Name:
		pattern = "0.0.0.0.0.%s"
	default:
		return fmt.Errorf("a %s key has no field %q", d.Name, name)
	}
	v, err := format.ParseKey(fmt.Sprintf(pattern, value))
	if err != nil {
		return fmt.Errorf("%s: '%s' is no number that fits", name, value)
	}
	switch pattern {
	case "%s":
		k.Zone = v.Zone
	case "0.0.%s":
		k.Type = v.Type
	case "0.%s":
		k.First = v.First
	case "0.0.0.%s":
		k.Second = v.Second
	case "0.0.0.0.%s":
		k.Third = v.Third
	default:
		k.Fourth = v.Fourth
	}
	return nil
}

func writeKey(out *output.Writer, k format.Key) error {
	var d format.DiskKey
	d.Set(k)
	s := shownKey{
		Key: k.String(), Kind: format.KindOf(k).String(), Fields: keyFields(k),
		Hex: hex.EncodeToString(format.Bytes(&d)), Bucket: format.LeafHashBucket(k),
	}
	if lock, ok := format.LockRange(k); ok {
		s.LockStart, s.LockEnd = lock.Start.String(), lock.End.String()
		bits := format.BloomBitsOf(lock.Start)
		s.BloomBits = bits[:]
	}
	if out.Form().Machine() {
		return out.Object(s)
	}
	out.Printf("key               %s\nkind              %s\n", s.Key, s.Kind)
	for _, f := range s.Fields {
		out.Printf("  %-15s %s\n", f[0], f[1])
	}
	out.Printf("bytes             %s\nleaf hash bucket  %d\n", s.Hex, s.Bucket)
	if s.LockStart != "" {
		out.Printf("lock              %s to %s\nbloom bits        %d %d %d\n", s.LockStart, s.LockEnd, s.BloomBits[0], s.BloomBits[1], s.BloomBits[2])
	}
	return out.Err()
}

// keyFields names what the kind of a key makes of its numbers.
func keyFields(k format.Key) [][2]string {
	number := func(name string, n uint64) [2]string { return [2]string{name, fmt.Sprint(n)} }
	kind := format.KindOf(k)
	d := kind.Describe()
	var fields [][2]string
	for _, f := range []struct {
		format.KeyField
		n uint64
	}{{d.First, k.First}, {d.Second, k.Second}, {d.Third, k.Third}, {d.Fourth, uint64(k.Fourth)}} {
		switch {
		case f.Name == "":
		case f.Format == "hex":
			fields = append(fields, [2]string{f.Name, fmt.Sprintf("0x%x", f.n)})
		default:
			fields = append(fields, number(f.Name, f.n))
		}
	}
	switch kind {
	case format.KindXattrIndx:
		x := k.Indx()
		fields = append(fields, number("major", uint64(x.Major)), number("minor", x.Minor), number("ino", x.Ino), number("id", x.ID))
	case format.KindDataExtent:
		fields = append(fields, number("start", k.DataExtent().Start))
	case format.KindFreeBlkno, format.KindFreeOrder:
		e, _ := k.FreeExtent()
		fields = append(fields, number("start", e.Start))
	}
	return fields
}
