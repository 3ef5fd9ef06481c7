// SPDX-License-Identifier: GPL-2.0-or-later

package format_test

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"scoutfs/engine/format"
)

// The crc of blocks, with the speed of the memory beside it: copying and
// reading more than fits the caches.

const memoryBytes = 256 << 20

func BenchmarkBlockCRC(b *testing.B) {
	for _, c := range []struct {
		name  string
		bytes int // worked through block by block
	}{{"cached", format.LargeBlockSize}, {"memory", memoryBytes}} {
		b.Run(c.name, func(b *testing.B) {
			data := make([]byte, c.bytes)
			fill(data)
			b.SetBytes(format.LargeBlockSize)
			at := 0
			var sum uint32
			for b.Loop() {
				sum += format.BlockCRC(data[at : at+format.LargeBlockSize])
				at = (at + format.LargeBlockSize) % c.bytes
			}
			_ = sum
		})
	}
}

func BenchmarkMemoryCopy(b *testing.B) {
	from, to := make([]byte, memoryBytes), make([]byte, memoryBytes)
	fill(from)
	fill(to)
	b.SetBytes(memoryBytes)
	for b.Loop() {
		copy(to, from)
	}
}

func BenchmarkMemoryRead(b *testing.B) {
	from := make([]byte, memoryBytes)
	fill(from)
	b.SetBytes(memoryBytes)
	var sum uint64
	for b.Loop() {
		for p := from; len(p) >= 64; p = p[64:] {
			sum += binary.NativeEndian.Uint64(p) + binary.NativeEndian.Uint64(p[8:]) +
				binary.NativeEndian.Uint64(p[16:]) + binary.NativeEndian.Uint64(p[24:]) +
				binary.NativeEndian.Uint64(p[32:]) + binary.NativeEndian.Uint64(p[40:]) +
				binary.NativeEndian.Uint64(p[48:]) + binary.NativeEndian.Uint64(p[56:])
		}
	}
	_ = sum
}

// fill touches every page, so that no two share memory.
func fill(b []byte) {
	for i := 0; i < len(b); i += 64 {
		b[i] = byte(i >> 6)
	}
}

func BenchmarkVerifyBlock(b *testing.B) {
	block := make([]byte, format.LargeBlockSize)
	copy(block[4:], []byte{0x6d, 0xf9, 0x97, 0xe5})
	format.Seal(block)
	b.SetBytes(format.LargeBlockSize)
	for b.Loop() {
		if err := format.VerifyBlock(block, format.Want{Magic: format.MagicBtree}); err != nil {
			b.Fatal(err)
		}
	}
}

// randomKeys are keys of inode items: most comparisons end at the second
// field, as they do in a btree.
func randomKeys(n int) []format.Key {
	random := rand.New(rand.NewPCG(1, 2))
	keys := make([]format.Key, n)
	for i := range keys {
		keys[i] = format.DirentKey(random.Uint64N(1000), random.Uint64(), random.Uint64())
	}
	return keys
}

func BenchmarkKeyCompare(b *testing.B) {
	keys := randomKeys(1024)
	sum, i := 0, 0
	for b.Loop() {
		sum += keys[i&1023].Compare(keys[(i+1)&1023])
		i++
	}
	_ = sum
}

func BenchmarkKeyDecode(b *testing.B) {
	keys := make([]format.DiskKey, 1024)
	for i, k := range randomKeys(1024) {
		keys[i].Set(k)
	}
	sum, i := uint64(0), 0
	for b.Loop() {
		k := keys[i&1023].Key()
		sum += k.Second
		i++
	}
	_ = sum
}

func BenchmarkKeyAppend(b *testing.B) {
	keys := randomKeys(1024)
	text := make([]byte, 0, 128)
	i := 0
	for b.Loop() {
		text = keys[i&1023].Append(text[:0])
		i++
	}
}

func BenchmarkDirentNameHash(b *testing.B) {
	for _, name := range []string{"a", "hello-world.txt", strings.Repeat("x", 64), strings.Repeat("x", 255)} {
		bytes := []byte(name)
		b.Run(fmt.Sprintf("%dB", len(name)), func(b *testing.B) {
			var sum uint64
			for b.Loop() {
				sum += format.DirentNameHash(bytes)
			}
			_ = sum
		})
	}
}

func BenchmarkLeafHashBucket(b *testing.B) {
	keys := randomKeys(1024)
	sum, i := 0, 0
	for b.Loop() {
		sum += format.LeafHashBucket(keys[i&1023])
		i++
	}
	_ = sum
}

func BenchmarkBloomBitsOf(b *testing.B) {
	keys := randomKeys(1024)
	sum, i := uint32(0), 0
	for b.Loop() {
		sum += format.BloomBitsOf(keys[i&1023])[0]
		i++
	}
	_ = sum
}

// Entries as they follow each other in a log, with names in turn, and in a
// sorted file, under one name.
func BenchmarkDecodeSrchEntry(b *testing.B) {
	for _, file := range []struct {
		name  string
		names uint64
	}{{"log", 7}, {"sorted", 1}} {
		b.Run(file.name, func(b *testing.B) {
			var data []byte
			var prev format.SrchEntry
			for i := range uint64(5000) {
				name := i % file.names
				e := format.SrchEntry{Hash: (name + 1) * 0x9e3779b97f4a7c15, Ino: 5000 + i/file.names, ID: name}
				data = format.AppendSrchEntry(data, prev, e)
				prev = e
			}
			rest, prev := data, format.SrchEntry{}
			for b.Loop() {
				if len(rest) == 0 {
					rest, prev = data, format.SrchEntry{}
				}
				e, n, ok := format.DecodeSrchEntry(rest, prev)
				if !ok {
					b.Fatal("cut short")
				}
				prev, rest = e, rest[n:]
			}
		})
	}
}

func BenchmarkParseXattrTags(b *testing.B) {
	name := []byte("scoutfs.hide.srch.name")
	for b.Loop() {
		if _, ok := format.ParseXattrTags(name); !ok {
			b.Fatal("not ok")
		}
	}
}
