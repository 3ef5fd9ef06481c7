// SPDX-License-Identifier: GPL-2.0-or-later

package meter_test

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"scoutfs/cmd/scoutfs/internal/meter"
	"scoutfs/progress"
)

// terminal is what a user saw. It may be written by several goroutines.
type terminal struct {
	mu   sync.Mutex
	text strings.Builder
}

func (s *terminal) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *terminal) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

func noEnv(string) (string, bool) { return "", false }

// stepClock returns a clock that moves by a second with every look.
func stepClock() func() time.Time {
	var mu sync.Mutex
	now := time.Unix(1000, 0)
	return func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		now = now.Add(time.Second)
		return now
	}
}

func TestLines(t *testing.T) {
	t.Parallel()
	var out terminal
	m := meter.New(meter.JSON, meter.NewScreen(&out, noEnv), meter.Options{Now: stepClock(), Interval: time.Hour})
	m.Phase("read metadata", progress.Bytes, 100)
	m.Add(30)
	m.Grow(50)
	m.Add(60)
	m.Phase("look", progress.Items, progress.Unknown)
	m.Add(5)
	m.Close()

	type line struct {
		Type, Phase, Unit string
		Done              int64
		Total             *int64
		Seconds, Rate     float64
		Ended             bool
	}
	total := func(n int64) *int64 { return &n }
	want := []line{
		{"progress", "read metadata", "bytes", 0, total(100), 1, 0, false},
		{"progress", "read metadata", "bytes", 90, total(150), 2, 45, true},
		{"progress", "look", "items", 0, nil, 1, 0, false},
		{"progress", "look", "items", 5, nil, 2, 2.5, true},
	}
	var got []line
	for text := range strings.Lines(out.String()) {
		var l line
		if err := json.Unmarshal([]byte(text), &l); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		got = append(got, l)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s\n%s", diff, &out)
	}
}

func TestUnknownTotalBecomesKnown(t *testing.T) {
	t.Parallel()
	var out terminal
	m := meter.New(meter.JSON, meter.NewScreen(&out, noEnv), meter.Options{Now: stepClock(), Interval: time.Hour})
	m.Phase("look", progress.Items, progress.Unknown)
	m.Grow(10)
	m.Grow(5)
	m.Close()
	if !strings.Contains(out.String(), `"total":15`) {
		t.Errorf("got %s", &out)
	}
}

func TestLinesComeWhileTheJobWorks(t *testing.T) {
	t.Parallel()
	var out terminal
	m := meter.New(meter.JSON, meter.NewScreen(&out, noEnv), meter.Options{Now: stepClock(), Interval: time.Millisecond})
	m.Phase("work", progress.Items, 10)
	m.Add(7)
	deadline := time.Now().Add(10 * time.Second)
	for !strings.Contains(out.String(), `"done":7`) {
		if time.Now().After(deadline) {
			t.Fatalf("nothing after ten seconds but %s", &out)
		}
		time.Sleep(time.Millisecond)
	}
	m.Close()
}

func TestNothingIsShownInAPipe(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{meter.Auto, meter.None} {
		var out terminal
		m := meter.New(mode, meter.NewScreen(&out, noEnv), meter.Options{Now: stepClock(), Interval: time.Microsecond})
		m.Phase("work", progress.Items, 10)
		m.Add(10)
		time.Sleep(time.Millisecond)
		m.Close()
		if out.String() != "" {
			t.Errorf("%s: got %q", mode, &out)
		}
	}
}

func TestBar(t *testing.T) {
	t.Parallel()
	const erase = "\r\x1b[2K"
	tests := []struct {
		name  string
		color bool
		job   func(progress.Sink)
		want  []string // in this order
	}{
		{"items", false, func(s progress.Sink) {
			s.Phase("count", progress.Items, 200)
			s.Add(100)
		}, []string{"count", "50% [", "=>", "(100/200"}},
		{"bytes", false, func(s progress.Sink) {
			s.Phase("read metadata", progress.Bytes, 4<<20)
			s.Add(1 << 20)
		}, []string{"read metadata", "25% [", "1.0/4.0 MiB"}},
		{"unknown total", false, func(s progress.Sink) {
			s.Phase("look", progress.Items, progress.Unknown)
			s.Add(3)
		}, []string{"look", "(3/-"}},
		{"more than the total", false, func(s progress.Sink) {
			s.Phase("count", progress.Items, 10)
			s.Add(11)
		}, []string{"count"}},
		{"nothing to do", false, func(s progress.Sink) {
			s.Phase("count", progress.Items, 0)
		}, nil},
		{"full and then longer", false, func(s progress.Sink) {
			s.Phase("count", progress.Items, 10)
			s.Add(10)
			time.Sleep(20 * time.Millisecond)
			s.Grow(10)
		}, []string{"50% ["}},
		{"colour", true, func(s progress.Sink) {
			s.Phase("count", progress.Items, 200)
			s.Add(100)
		}, []string{"50% [", "\x1b[32m=\x1b[0m"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var out terminal
			m := meter.New(meter.Bar, meter.NewScreen(&out, noEnv), meter.Options{
				Now: stepClock(), Color: test.color, Interval: 5 * time.Millisecond,
			})
			test.job(m)
			time.Sleep(200 * time.Millisecond) // the bar is drawn at most every 50 ms
			m.Close()
			rest := out.String()
			for _, want := range test.want {
				_, after, found := strings.Cut(rest, want)
				if !found {
					t.Fatalf("no %q in %q", want, &out)
				}
				rest = after
			}
			if len(test.want) > 0 && !strings.HasSuffix(out.String(), erase) {
				t.Errorf("the bar stays: %q", &out)
			}
			if !test.color && strings.Contains(out.String(), "\x1b[32m") {
				t.Errorf("colour in %q", &out)
			}
		})
	}
}

func TestMessagesFindTheBarGone(t *testing.T) {
	t.Parallel()
	var out terminal
	screen := meter.NewScreen(&out, noEnv)
	m := meter.New(meter.Bar, screen, meter.Options{Now: stepClock(), Interval: time.Millisecond})
	m.Phase("work", progress.Items, 1000)
	var wait sync.WaitGroup
	for i := range 4 {
		wait.Go(func() {
			for j := range 50 {
				m.Add(5)
				if j%10 == 0 {
					fmt.Fprintf(screen, "message %d.%d\n", i, j)
					fmt.Fprintf(screen.Share(&out), "output %d.%d\n", i, j)
				}
				time.Sleep(time.Millisecond)
			}
		})
	}
	wait.Wait()
	m.Close()
	shown := 0
	for line := range strings.Lines(out.String()) {
		// What stays of a line is what was written after its last deletion.
		if i := strings.LastIndex(line, "\x1b[2K"); i >= 0 {
			line = line[i+len("\x1b[2K"):]
		}
		switch {
		case strings.HasPrefix(line, "message "), strings.HasPrefix(line, "output "):
			shown++
		case strings.Contains(line, "message"), strings.Contains(line, "output"):
			t.Errorf("message within the bar: %q", line)
		}
	}
	if shown != 40 {
		t.Errorf("%d messages, want 40", shown)
	}
}

// openTerminal returns a pseudo terminal of 100 columns.
func openTerminal(t *testing.T) *os.File {
	t.Helper()
	control, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("needs pseudo terminals: %v", err)
	}
	t.Cleanup(func() { control.Close() })
	number, err := unix.IoctlGetInt(int(control.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetPointerInt(int(control.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetWinsize(int(control.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 25, Col: 100}); err != nil {
		t.Fatal(err)
	}
	terminal, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("needs pseudo terminals: %v", err)
	}
	t.Cleanup(func() { terminal.Close() })
	return terminal
}

func TestTerminalsShowBarsAndColours(t *testing.T) {
	t.Parallel()
	terminal := openTerminal(t)
	if !meter.Terminal(terminal) {
		t.Error("a terminal is not taken for one")
	}
	tests := []struct {
		name           string
		env            map[string]string
		capable, color bool
	}{
		{"terminal", map[string]string{"TERM": "xterm"}, true, true},
		{"without colours", map[string]string{"TERM": "xterm", "NO_COLOR": "1"}, true, false},
		{"empty NO_COLOR", map[string]string{"TERM": "xterm", "NO_COLOR": ""}, true, true},
		{"dumb", map[string]string{"TERM": "dumb"}, false, false},
		{"no TERM", nil, false, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			screen := meter.NewScreen(terminal, func(name string) (string, bool) {
				value, found := test.env[name]
				return value, found
			})
			if screen.Capable() != test.capable || screen.Color() != test.color {
				t.Errorf("bar %v, colour %v", screen.Capable(), screen.Color())
			}
		})
	}
}

func TestBuffersAreNoTerminals(t *testing.T) {
	t.Parallel()
	screen := meter.NewScreen(&terminal{}, func(name string) (string, bool) { return "xterm", name == "TERM" })
	if screen.Color() || screen.Capable() {
		t.Error("a buffer is taken for a terminal")
	}
}

func BenchmarkAdd(b *testing.B) {
	m := meter.New(meter.JSON, meter.NewScreen(&terminal{}, noEnv), meter.Options{Now: time.Now})
	defer m.Close()
	m.Phase("work", progress.Items, progress.Unknown)
	for b.Loop() {
		m.Add(1)
	}
}

// The lines are those of e2fsck(8), option -C.
func TestPassesAreNumbered(t *testing.T) {
	t.Parallel()
	var out terminal
	m := meter.Passes(&out, "/dev/meta", meter.Options{Now: stepClock(), Interval: time.Hour})
	m.Phase("one", progress.Bytes, 100)
	m.Add(100)
	m.Phase("no total", progress.Items, progress.Unknown)
	m.Add(5)
	m.Phase("empty", progress.Items, 0)
	m.Phase("overdone", progress.Items, 10)
	m.Add(12)
	m.Close()
	want := "1 0 100 /dev/meta\n1 100 100 /dev/meta\n4 0 10 /dev/meta\n4 10 10 /dev/meta\n"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
}
