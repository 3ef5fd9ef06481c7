// SPDX-License-Identifier: GPL-2.0-or-later

package runs

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"iter"
	"os"
)

// run is a file of records in order.
type run struct {
	file *os.File
	size int64 // in bytes
}

// writeRun writes records, which must come in order, to a new file.
func writeRun(dir string, records iter.Seq[Record]) (*run, error) {
	f, err := createTemp(dir)
	if err != nil {
		return nil, err
	}
	r := &run{file: f}
	if err := r.write(records); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return r, nil
}

func (r *run) write(records iter.Seq[Record]) error {
	w := bufio.NewWriterSize(r.file, 1<<20)
	var b []byte
	for rec := range records {
		b = b[:0]
		for _, word := range rec {
			b = binary.LittleEndian.AppendUint64(b, word)
		}
		if _, err := w.Write(b); err != nil {
			return err
		}
		r.size += int64(recordSize)
	}
	return w.Flush()
}

// source yields records in order.
type source interface {
	// next returns the next record; io.EOF after the last.
	next() (Record, error)
}

// memory is records in memory.
type memory struct{ records []Record }

func (m *memory) next() (Record, error) {
	if len(m.records) == 0 {
		return Record{}, io.EOF
	}
	r := m.records[0]
	m.records = m.records[1:]
	return r, nil
}

// reader reads a run.
type reader struct{ r *bufio.Reader }

func (r *run) reader(bytes int) *reader {
	return &reader{bufio.NewReaderSize(io.NewSectionReader(r.file, 0, r.size), bytes)}
}

func (r *reader) next() (rec Record, err error) {
	var b [recordSize]byte
	if _, err := io.ReadFull(r.r, b[:]); err != nil {
		return Record{}, err
	}
	for i := range rec {
		rec[i] = binary.LittleEndian.Uint64(b[8*i:])
	}
	return rec, nil
}

// merge yields the records of all sources in order, and an error last.
func merge(sources []source) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		h := heads{}
		for _, s := range sources {
			if err := h.push(s); err != nil {
				yield(Record{}, err)
				return
			}
		}
		for len(h) > 0 {
			least := h[0].record
			if err := h.advance(); err != nil {
				yield(Record{}, err)
				return
			}
			if !yield(least, nil) {
				return
			}
		}
	}
}

// heads is a heap of sources by their next record.
type heads []head

type head struct {
	record Record
	source source
}

// push adds a source unless it is empty.
func (h *heads) push(s source) error {
	r, err := s.next()
	if err != nil {
		return atEnd(err)
	}
	*h = append(*h, head{r, s})
	for i := len(*h) - 1; i > 0 && (*h)[i].record.Compare(&(*h)[(i-1)/2].record) < 0; i = (i - 1) / 2 {
		(*h)[i], (*h)[(i-1)/2] = (*h)[(i-1)/2], (*h)[i]
	}
	return nil
}

// advance moves the source with the least record on.
func (h *heads) advance() error {
	s := *h
	r, err := s[0].source.next()
	if err != nil {
		if err := atEnd(err); err != nil {
			return err
		}
		s[0] = s[len(s)-1]
		s = s[:len(s)-1]
	} else {
		s[0].record = r
	}
	*h = s
	for i := 0; ; {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < len(s); child++ {
			if s[child].record.Compare(&s[least].record) < 0 {
				least = child
			}
		}
		if least == i {
			return nil
		}
		s[i], s[least] = s[least], s[i]
		i = least
	}
}

// atEnd returns an error that is not the end of a source.
func atEnd(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}
