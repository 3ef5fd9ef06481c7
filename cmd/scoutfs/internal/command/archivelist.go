// SPDX-License-Identifier: GPL-2.0-or-later

package command

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"os"
	"path"

	"scoutfs/cmd/scoutfs/internal/cli"
	"scoutfs/cmd/scoutfs/internal/errno"
	"scoutfs/stage"
)

// maxRecord bounds a name or a JSON object in a list of files.
const maxRecord = 1 << 20

// readRecords calls use with each record of a file, or of the standard input
// if it is called "-". A record ends with a character, which is not part of
// it.
func readRecords(env *cli.Env, name string, end byte) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		in, shown := env.Stdin, "the standard input"
		if name != "-" {
			file, err := os.Open(name)
			if err != nil {
				yield(nil, pathFailure(err, name))
				return
			}
			defer file.Close()
			in, shown = file, "'"+name+"'"
		}
		records := bufio.NewScanner(in)
		records.Buffer(nil, maxRecord)
		records.Split(func(data []byte, atEOF bool) (int, []byte, error) {
			if i := bytes.IndexByte(data, end); i >= 0 {
				return i + 1, data[:i], nil
			}
			if atEOF && len(data) > 0 {
				return len(data), data, nil
			}
			return 0, nil, nil
		})
		for records.Scan() {
			if !yield(records.Bytes(), nil) {
				return
			}
		}
		switch err := records.Err(); {
		case errors.Is(err, bufio.ErrTooLong):
			yield(nil, fmt.Errorf("%s has a record of more than %d bytes", shown, maxRecord))
		case err != nil:
			yield(nil, cli.Failf(err, "failed to read %s: %s", shown, errno.Text(err)))
		}
	}
}

// archiveRecord is a file in a JSON list. Objects of find, ls and changes are
// such records; other members are passed over.
type archiveRecord struct {
	Type          string    `json:"type"`
	Kind          string    `json:"kind"`
	Path          jsonName  `json:"path"`
	DataVersion   uint64    `json:"data_version"`
	Offset        uint64    `json:"offset"`
	Length        uint64    `json:"length"`
	Archive       jsonName  `json:"archive"`
	ArchiveOffset uint64    `json:"archive_offset"`
	Checksum      *checksum `json:"checksum"`
}

// jsonName is a name as this program writes it.
type jsonName string

// UnmarshalJSON reads a string, or an object with base64.
func (n *jsonName) UnmarshalJSON(text []byte) error {
	var plain string
	if json.Unmarshal(text, &plain) == nil {
		*n = jsonName(plain)
		return nil
	}
	var encoded struct {
		Base64 string `json:"base64"`
	}
	if err := json.Unmarshal(text, &encoded); err != nil {
		return err
	}
	raw, err := base64.StdEncoding.DecodeString(encoded.Base64)
	*n = jsonName(raw)
	return err
}

// checksum is a stage.Checksum as an option and in JSON.
type checksum stage.Checksum

func (c *checksum) UnmarshalJSON(text []byte) error {
	var plain string
	if err := json.Unmarshal(text, &plain); err != nil {
		return err
	}
	return c.Set(plain)
}

// Set implements pflag.Value.
func (c *checksum) Set(text string) error {
	sum, err := stage.ParseChecksum(text)
	if err == nil {
		*c = checksum(sum)
	}
	return err
}

// String implements pflag.Value.
func (c *checksum) String() string {
	if c.Algorithm == "" {
		return ""
	}
	return stage.Checksum(*c).String()
}

// Type implements pflag.Value.
func (*checksum) Type() string { return "checksum" }

// readArchiveRecord reads a JSON object. ok is false for one that is no file
// of interest: a directory, or the last line of a feed.
func readArchiveRecord(text []byte) (f stage.File, ok bool, err error) {
	if len(bytes.TrimSpace(text)) == 0 {
		return f, false, nil
	}
	var r archiveRecord
	if err := json.Unmarshal(text, &r); err != nil {
		return f, false, fmt.Errorf("no JSON object of a file: %w: %.100q", err, text)
	}
	switch {
	case r.Kind != "" && r.Kind != "file":
		return f, false, nil
	case r.Path == "" && (r.Type == "end" || r.Type == "gone" || r.Type == "damaged"):
		return f, false, nil
	case r.Path == "":
		return f, false, fmt.Errorf("the object has no path: %.100q", text)
	}
	return stage.File{
		Path:         string(r.Path),
		DataVersion:  r.DataVersion,
		Offset:       r.Offset,
		Length:       r.Length,
		Source:       string(r.Archive),
		SourceOffset: r.ArchiveOffset,
		Checksum:     (*stage.Checksum)(r.Checksum),
	}, true, nil
}

// listed returns the files of a list of names or of JSON objects.
func (j *archiveJob) listed(name string, asJSON bool) iter.Seq2[stage.File, error] {
	end := byte('\n')
	if j.null && !asJSON {
		end = 0
	}
	return func(yield func(stage.File, error) bool) {
		for record, err := range readRecords(j.env, name, end) {
			file, ok := stage.File{Path: string(record)}, len(record) > 0
			if err == nil && asJSON {
				file, ok, err = readArchiveRecord(record)
			}
			if err == nil && !ok {
				continue
			}
			if !yield(j.complete(file), err) {
				return
			}
		}
	}
}

// complete fills in what the command line says of every file.
func (j *archiveJob) complete(f stage.File) stage.File {
	if f.DataVersion == 0 {
		f.DataVersion = j.version
	}
	if f.Offset == 0 && f.Length == 0 {
		f.Offset, f.Length = j.offset, j.length
	}
	if f.SourceOffset == 0 {
		f.SourceOffset = j.archiveOffset
	}
	switch {
	case j.archiveDir == "" || path.IsAbs(f.Source):
	case f.Source != "":
		f.Source = path.Join(j.archiveDir, f.Source)
	default:
		f.Source = path.Join(j.archiveDir, f.Path)
	}
	return f
}
