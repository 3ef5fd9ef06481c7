// SPDX-License-Identifier: GPL-2.0-or-later

package output

import (
	"bufio"
	"bytes"
	"io"
	"sync"
)

// Stdout buffers a program's standard output, whole lines at a time for a
// terminal, and remembers the first error, so that none is lost between the
// write that caused it and the end of the program.
type Stdout struct {
	mu    sync.Mutex
	w     *bufio.Writer
	lines bool
	err   error
}

// NewStdout returns a buffer in front of w. With lines set every line is
// passed on when it ends.
func NewStdout(w io.Writer, lines bool) *Stdout {
	return &Stdout{w: bufio.NewWriterSize(w, 64<<10), lines: lines}
}

// Write implements io.Writer.
func (s *Stdout) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return 0, s.err
	}
	n, err := s.w.Write(p)
	if err == nil && s.lines && bytes.IndexByte(p, '\n') >= 0 {
		err = s.w.Flush()
	}
	s.err = err
	return n, err
}

// Flush passes on what is buffered and returns the first error of all that
// was ever written.
func (s *Stdout) Flush() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.err = s.w.Flush()
	}
	return s.err
}
