// SPDX-License-Identifier: GPL-2.0-or-later

package manifest

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"testing"
)

// Read reads the manifest at a path, and fails tb if it cannot.
func Read(tb testing.TB, path string) *Manifest {
	tb.Helper()
	f, err := os.Open(path)
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	m, err := Parse(f)
	if err != nil {
		tb.Fatalf("%s: %v", path, err)
	}
	return m
}

// Parse reads a manifest. Every section must be there, and once, except for
// search-xattrs, of which there may be any number.
func Parse(r io.Reader) (*Manifest, error) {
	p := parser{m: new(Manifest), seen: make(map[string]bool)}
	in := bufio.NewReaderSize(r, 1<<20)
	for nr := 1; ; nr++ {
		line, err := readLine(in)
		if errors.Is(err, io.EOF) {
			return p.m, p.finish()
		}
		if err == nil {
			err = p.line(line)
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", nr, err)
		}
	}
}

// readLine returns the next line without its end. It is good until the next
// call if it fits the buffer, as nearly all do.
func readLine(in *bufio.Reader) ([]byte, error) {
	line, err := in.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		var rest []byte
		line = bytes.Clone(line)
		rest, err = in.ReadBytes('\n')
		line = append(line, rest...)
	}
	if errors.Is(err, io.EOF) && len(line) > 0 {
		err = nil
	}
	return bytes.TrimSuffix(line, []byte("\n")), err
}

// parser is at one line of a manifest.
type parser struct {
	m       *Manifest
	seen    map[string]bool
	section section
	row     int // of the section
}

// section reads the lines of a section; row counts them from 0.
type section struct {
	name string
	line func(p *parser, line string, row int) error
	rows int // that there must be, -1 for any number
}

var heading = regexp.MustCompile(`^\[([a-z_ -]+?)\] *(.*)$`)

func (p *parser) line(line []byte) error {
	if len(line) > 0 && line[0] == '[' {
		if h := heading.FindSubmatch(line); h != nil {
			return p.begin(string(h[1]), string(h[2]))
		}
	}
	if p.section.name == "inodes" {
		in, err := parseInode(line)
		p.m.Inodes = append(p.m.Inodes, in)
		return err
	}
	if p.section.line == nil {
		return fmt.Errorf("unexpected line in section %q", p.section.name)
	}
	err := p.section.line(p, string(line), p.row)
	p.row++
	if err != nil {
		return fmt.Errorf("section %s: %w", p.section.name, err)
	}
	return nil
}

func (p *parser) begin(name, comment string) error {
	if err := p.endSection(); err != nil {
		return err
	}
	if p.seen[name] && name != "search-xattrs" {
		return fmt.Errorf("section %q comes twice", name)
	}
	p.seen[name] = true
	p.row = 0
	p.section = section{name: name, rows: -1}
	return p.open(name, comment)
}

func (p *parser) endSection() error {
	if s := p.section; s.rows >= 0 && p.row != s.rows {
		return fmt.Errorf("section %s has %d lines, expected %d", s.name, p.row, s.rows)
	}
	return nil
}

func (p *parser) finish() error {
	if err := p.endSection(); err != nil {
		return err
	}
	for _, name := range needed {
		if !p.seen[name] {
			return fmt.Errorf("no section %q", name)
		}
	}
	if len(p.m.Inodes) != p.m.Count {
		return fmt.Errorf("%d inodes, expected %d", len(p.m.Inodes), p.m.Count)
	}
	return nil
}
