// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
)

// event is one line of `go test -json` (see `go doc test2json`).
type event struct {
	Action     string
	Package    string
	ImportPath string // of build output
	Test       string
	Output     string
}

// running is a package whose tests run.
type running struct {
	own   strings.Builder             // output of the package itself
	tests map[string]*strings.Builder // output of each test until it ends
}

// chatter is what `go test` prints only with -v.
var chatter = regexp.MustCompile(`^=== (RUN|PAUSE|CONT|NAME) |^\s*--- (PASS|SKIP): |^PASS\n$|^coverage: `)

// results is what report has seen so far.
type results struct {
	out      io.Writer
	packages map[string]*running
	passed   int
	failed   int
	skipped  []string
	ended    int // packages
}

// report copies events from in to out. ok is false if a test or a build
// failed.
func report(in io.Reader, out io.Writer) (ok bool, err error) {
	buffered := bufio.NewWriter(out)
	r := &results{out: buffered, packages: map[string]*running{}}
	lines := bufio.NewReader(in)
	for {
		line, readErr := lines.ReadBytes('\n')
		if len(line) > 0 {
			if err := r.line(line); err != nil {
				return false, err
			}
		}
		if errors.Is(readErr, io.EOF) {
			break
		}
		if readErr != nil {
			return false, readErr
		}
		if lines.Buffered() == 0 {
			if err := buffered.Flush(); err != nil {
				return false, err
			}
		}
	}
	if err := r.summary(); err != nil {
		return false, err
	}
	if r.ended == 0 {
		err = errors.New("no package was tested")
	}
	return r.failed == 0 && len(r.packages) == 0, errors.Join(err, buffered.Flush())
}

// line handles one line: an event, or whatever else the go command said.
func (r *results) line(line []byte) error {
	var e event
	if json.Unmarshal(line, &e) != nil || e.Action == "" {
		return r.print(string(line))
	}
	switch {
	case e.Action == "build-output":
		return r.print(e.Output)
	case e.Action == "build-fail":
		r.failed++
		return nil
	case e.Package == "":
		return nil
	}
	p := r.packages[e.Package]
	if p == nil {
		p = &running{tests: map[string]*strings.Builder{}}
		r.packages[e.Package] = p
	}
	if e.Test != "" {
		return r.test(p, e)
	}
	switch e.Action {
	case "output":
		if !chatter.MatchString(e.Output) {
			p.own.WriteString(e.Output)
		}
	case "pass", "fail", "skip":
		return r.end(p, e)
	}
	return nil
}

// test handles an event of one test or sub-test.
func (r *results) test(p *running, e event) error {
	output := p.tests[e.Test]
	if output == nil {
		output = &strings.Builder{}
		p.tests[e.Test] = output
	}
	switch e.Action {
	case "output":
		if !chatter.MatchString(e.Output) {
			output.WriteString(e.Output)
		}
		return nil
	case "pass":
		r.passed++
	case "skip":
		r.skipped = append(r.skipped, fmt.Sprintf("%s %s: %s", e.Package, e.Test, reason(output.String())))
	case "fail":
		r.failed++
		if err := r.print(output.String()); err != nil {
			return err
		}
	default:
		return nil
	}
	delete(p.tests, e.Test)
	return nil
}

// end handles the end of a package. Tests that did not end with it, because
// it crashed or ran out of time, have their output printed.
func (r *results) end(p *running, e event) error {
	delete(r.packages, e.Package)
	r.ended++
	if e.Action == "fail" {
		r.failed++
		for _, output := range p.tests {
			if err := r.print(output.String()); err != nil {
				return err
			}
		}
	}
	return r.print(p.own.String())
}

// reason is the message of t.Skip: the output without its file and line.
func reason(output string) string {
	output = strings.TrimSpace(output)
	if _, message, ok := strings.Cut(output, ": "); ok && strings.Contains(output[:len(output)-len(message)], ".go:") {
		output = message
	}
	if output == "" {
		return "no reason given"
	}
	return strings.Join(strings.Fields(output), " ")
}

func (r *results) summary() error {
	for name := range r.packages {
		if err := r.print(fmt.Sprintf("FAIL\t%s [did not end]\n", name)); err != nil {
			return err
		}
	}
	if err := r.print(fmt.Sprintf("\n%d packages, %d tests passed, %d skipped\n", r.ended, r.passed, len(r.skipped))); err != nil {
		return err
	}
	for _, skip := range r.skipped {
		if err := r.print("SKIP " + skip + "\n"); err != nil {
			return err
		}
	}
	return nil
}

func (r *results) print(text string) error {
	_, err := io.WriteString(r.out, text)
	return err
}
