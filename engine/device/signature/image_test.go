// SPDX-License-Identifier: GPL-2.0-or-later

package signature_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"

	"github.com/klauspost/compress/zstd"
)

const blockSize = 4 << 10

// An image is a device of which only the blocks that are not zero are kept.
type image struct {
	size   int64
	blocks map[int64][]byte // by number
}

func newImage(size int64) *image { return &image{size: size, blocks: map[int64][]byte{}} }

func (m *image) ReadAt(p []byte, off int64) (int, error) {
	n := int(min(int64(len(p)), max(m.size-off, 0)))
	clear(p[:n])
	for done := 0; done < n; {
		at := off + int64(done)
		step := min(n-done, int(blockSize-at%blockSize))
		if b, ok := m.blocks[at/blockSize]; ok {
			copy(p[done:done+step], b[at%blockSize:])
		}
		done += step
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// write changes bytes, which must be on the device, and returns the image.
func (m *image) write(off int64, p []byte) *image {
	for len(p) > 0 {
		b, ok := m.blocks[off/blockSize]
		if !ok {
			b = make([]byte, blockSize)
			m.blocks[off/blockSize] = b
		}
		n := copy(b[off%blockSize:], p)
		off, p = off+int64(n), p[n:]
	}
	return m
}

func (m *image) zero(off, n int64) *image { return m.write(off, make([]byte, n)) }

// flip changes one byte.
func (m *image) flip(off int64) *image {
	var b [1]byte
	if _, err := m.ReadAt(b[:], off); err != nil {
		panic(err)
	}
	return m.write(off, []byte{b[0] ^ 0xff})
}

func (m *image) clone() *image {
	c := newImage(m.size)
	for n, b := range m.blocks {
		c.blocks[n] = bytes.Clone(b)
	}
	return c
}

// resized is a copy cut off, or continued with zeroes.
func (m *image) resized(size int64) *image {
	c := m.clone()
	c.size = size
	for n, b := range c.blocks {
		if end := size - n*blockSize; end <= 0 {
			delete(c.blocks, n)
		} else if end < blockSize {
			clear(b[end:])
		}
	}
	return c
}

// marshal writes the image as zstd of its size followed by number and content of each block.
func (m *image) marshal() ([]byte, error) {
	raw := binary.LittleEndian.AppendUint64(nil, uint64(m.size))
	for _, n := range slices.Sorted(maps.Keys(m.blocks)) {
		raw = append(binary.LittleEndian.AppendUint64(raw, uint64(n)), m.blocks[n]...)
	}
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedBestCompression))
	if err != nil {
		return nil, err
	}
	return enc.EncodeAll(raw, nil), nil
}

func unmarshalImage(b []byte) (*image, error) {
	dec, err := zstd.NewReader(nil, zstd.WithDecoderMaxMemory(64<<20))
	if err != nil {
		return nil, err
	}
	defer dec.Close()
	raw, err := dec.DecodeAll(b, nil)
	if err != nil {
		return nil, err
	}
	const entry = 8 + blockSize
	if len(raw) < 8 || (len(raw)-8)%entry != 0 {
		return nil, fmt.Errorf("%d bytes are not an image", len(raw))
	}
	m := newImage(int64(binary.LittleEndian.Uint64(raw)))
	for raw = raw[8:]; len(raw) > 0; raw = raw[entry:] {
		m.blocks[int64(binary.LittleEndian.Uint64(raw))] = raw[8:entry:entry]
	}
	return m, nil
}

// readImage reads the blocks of a file that are not zero and lie in its first keep bytes or its last MiB.
func readImage(path string, keep int64) (*image, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	m := newImage(info.Size())
	b := make([]byte, blockSize)
	for off := int64(0); off < m.size; off += blockSize {
		if off >= keep {
			off = max(off, (m.size-1<<20)&^(blockSize-1))
		}
		n, err := f.ReadAt(b, off)
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		if len(bytes.TrimLeft(b[:n], "\x00")) > 0 {
			m.write(off, b[:n])
		}
	}
	return m, nil
}

// writeTo makes a sparse file of the image.
func (m *image) writeTo(path string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := f.Truncate(m.size); err != nil {
		return err
	}
	for n, b := range m.blocks {
		off := n * blockSize
		if _, err := f.WriteAt(b[:min(blockSize, m.size-off)], off); err != nil {
			return err
		}
	}
	return f.Close()
}
