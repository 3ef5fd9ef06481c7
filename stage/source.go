// SPDX-License-Identifier: GPL-2.0-or-later

package stage

import (
	"context"
	"errors"
	"hash"
	"io"
	"math"
	"os"
	"time"

	"scoutfs/progress"
)

// chunkSize is how much is read and staged at a time, a multiple of 4096.
const chunkSize = 1 << 20

// source is an open archive copy.
type source struct {
	file    *os.File
	name    string
	start   uint64 // where the range of the file begins in the copy
	regular bool   // it can be read anywhere, and has a size
	size    uint64
	changed time.Time // of its content, when it was opened
	at      uint64    // bytes from start that a pipe was read to
}

func openSource(f *File) (*source, error) {
	file, err := os.Open(f.Source)
	if err != nil {
		return nil, &SourceError{f.Source, err}
	}
	info, err := file.Stat()
	if err == nil && f.SourceOffset > math.MaxInt64 {
		err = os.ErrInvalid
	}
	if err != nil {
		return nil, errors.Join(&SourceError{f.Source, err}, file.Close())
	}
	s := &source{file: file, name: f.Source, start: f.SourceOffset, regular: info.Mode().IsRegular()}
	if s.regular {
		s.size, s.changed = uint64(info.Size()), info.ModTime()
		return s, nil
	}
	if err := s.skip(f.SourceOffset); err != nil {
		return nil, errors.Join(&SourceError{f.Source, err}, file.Close())
	}
	return s, nil
}

func (s *source) close() error { return s.file.Close() }

// skip reads past bytes of a copy that has no places.
func (s *source) skip(n uint64) error {
	if n == 0 {
		return nil
	}
	skipped, err := io.CopyN(io.Discard, s.file, int64(n))
	if errors.Is(err, io.EOF) || err == nil && uint64(skipped) < n {
		err = errShort
	}
	return err
}

// read fills p with the bytes from off on, counted from the start of the
// range. Of a pipe off never goes back.
func (s *source) read(p []byte, off uint64) error {
	var err error
	if s.regular {
		_, err = s.file.ReadAt(p, int64(s.start+off))
	} else if err = s.skip(off - s.at); err == nil {
		_, err = io.ReadFull(s.file, p)
		s.at = off + uint64(len(p))
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = errShort
	}
	if err != nil {
		return &SourceError{s.name, err}
	}
	return nil
}

// verify compares the checksum of the first bytes of the range.
func (s *source) verify(ctx context.Context, want Checksum, length uint64) error {
	if !s.regular {
		return &SourceError{s.name, errPipe}
	}
	h := newHash(want.Algorithm)
	buf := make([]byte, min(length, chunkSize))
	for off := uint64(0); off < length; off += uint64(len(buf)) {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		buf = buf[:min(length-off, chunkSize)]
		if err := s.read(buf, off); err != nil {
			return err
		}
		h.Write(buf)
	}
	return s.compare(h, want)
}

// compare compares the sum of what was read.
func (s *source) compare(h hash.Hash, want Checksum) error {
	if got := (Checksum{want.Algorithm, string(h.Sum(nil))}); got != want {
		return &SourceError{s.name, &ChecksumError{Expected: want, Found: got}}
	}
	return nil
}

// sourceReader reads a copy from the start of the range on.
type sourceReader struct {
	src      *source
	at       uint64
	progress progress.Sink
	err      error // why the copy could not be read, in words of its own
}

// Read implements io.Reader. The copy is asked for all of p, which is of the
// range, so it has it or fails.
func (r *sourceReader) Read(p []byte) (int, error) {
	if r.err == nil {
		r.err = r.src.read(p, r.at)
	}
	if r.err != nil {
		return 0, r.err
	}
	r.at += uint64(len(p))
	r.progress.Add(int64(len(p)))
	return len(p), nil
}

// unchanged makes sure that what was verified is what was staged.
func (s *source) unchanged() error {
	info, err := s.file.Stat()
	if err == nil && (uint64(info.Size()) != s.size || !info.ModTime().Equal(s.changed)) {
		err = errMoved
	}
	if err != nil {
		return &SourceError{s.name, err}
	}
	return nil
}
