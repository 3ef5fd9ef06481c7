// SPDX-License-Identifier: GPL-2.0-or-later

package meter

import (
	"io"
	"sync"
)

// eraseLine goes to the start of the line and deletes it.
const eraseLine = "\r\x1b[2K"

// Screen is a standard error on which messages and a bar share the last line:
// whoever writes a message finds the bar gone, and it comes back below. It
// may be used by many goroutines at once.
type Screen struct {
	mu     sync.Mutex
	w      io.Writer
	drawn  bool // the last line holds a bar
	lookup func(string) (string, bool)
}

// NewScreen returns a Screen in front of w. lookup reads the environment.
func NewScreen(w io.Writer, lookup func(string) (string, bool)) *Screen {
	return &Screen{w: w, lookup: lookup}
}

// Write writes a message, which should be whole lines.
func (s *Screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.eraseLocked()
	return s.w.Write(p)
}

// Capable reports whether the screen is a terminal that can draw a bar.
func (s *Screen) Capable() bool {
	_, terminal := terminalWidth(s.w)
	kind, _ := s.lookup("TERM")
	return terminal && kind != "" && kind != "dumb"
}

// Color reports whether the screen shows colours and the user has not said
// that there should be none (https://no-color.org).
func (s *Screen) Color() bool {
	no, _ := s.lookup("NO_COLOR")
	return no == "" && s.Capable()
}

// Share returns a writer to another terminal or file that takes the bar off
// the screen before each write, for a standard output on the same terminal.
func (s *Screen) Share(w io.Writer) io.Writer {
	return sharer{s, w}
}

type sharer struct {
	screen *Screen
	w      io.Writer
}

func (s sharer) Write(p []byte) (int, error) {
	s.screen.mu.Lock()
	defer s.screen.mu.Unlock()
	s.screen.eraseLocked()
	return s.w.Write(p)
}

func (s *Screen) erase() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.eraseLocked()
}

func (s *Screen) eraseLocked() {
	if s.drawn {
		s.drawn = false
		// A bar that cannot be taken away is no reason to lose the message.
		_, _ = io.WriteString(s.w, eraseLine)
	}
}

func (s *Screen) width() int {
	if columns, ok := terminalWidth(s.w); ok {
		return columns
	}
	return 80
}

// barWriter is how the bar reaches the screen.
type barWriter struct{ screen *Screen }

func (b barWriter) Write(p []byte) (int, error) {
	b.screen.mu.Lock()
	defer b.screen.mu.Unlock()
	b.screen.drawn = true
	return b.screen.w.Write(p)
}
