// SPDX-License-Identifier: GPL-2.0-or-later

package command

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"scoutfs/cmd/scoutfs/internal/cli"
	"scoutfs/cmd/scoutfs/internal/output"
	"scoutfs/cmd/scoutfs/internal/values"
	"scoutfs/engine/ioctl"
	"scoutfs/walk"
)

func newWalkInodes(env *cli.Env) *cobra.Command {
	var where location
	cmd := &cobra.Command{
		Use:     "walk-inodes meta_seq|data_seq FIRST LAST",
		GroupID: cli.GroupSearch,
		Short:   "Print range of indexed inodes",
		Long: `Prints the entries of an inode index from FIRST to LAST, both included.
meta_seq has every inode at the sequence number of its last change, data_seq
every regular file at that of its last change of data.

A position is MAJOR[.MINOR[.INO]]: the sequence number, 0, and an inode number.
Missing parts are 0, also in LAST, which therefore leaves out the inodes of
sequence number MAJOR itself. -1 is the greatest position; write it after --.`,
		Example: `  scoutfs walk-inodes -p /mnt/archive -- meta_seq 0 -1
  scoutfs walk-inodes --meta-device /dev/meta --output jsonl -- data_seq 17 -1`,
		RunE: func(cmd *cobra.Command, operands []string) error {
			q, err := parseWalk(operands)
			if err != nil {
				return err
			}
			ctx := cmd.Context()
			return where.ask(ctx, func(t ioctl.Target) error {
				return ioctlFailure(walkListing().write(env, walk.Inodes(ctx, t, q.Index, q.First, q.Last)), "walk_inodes ioctl failed")
			})
		},
	}
	where.define(cmd)
	reportsList(cmd)
	return cmd
}

func parseWalk(operands []string) (ioctl.WalkInodes, error) {
	var q ioctl.WalkInodes
	if len(operands) != 3 {
		return q, cli.Usagef("must provide index, first position and last position")
	}
	switch strings.ToLower(operands[0]) {
	case "meta_seq":
		q.Index = ioctl.IndexMetaSeq
	case "data_seq":
		q.Index = ioctl.IndexDataSeq
	default:
		return q, cli.Usagef("unknown index '%s', try 'meta_seq' or 'data_seq'", operands[0])
	}
	var err error
	if q.First, err = parseWalkPosition(operands[1]); err != nil {
		return q, cli.Usagef("invalid first position '%s', try '1.2.3' or '-1'", operands[1])
	}
	if q.Last, err = parseWalkPosition(operands[2]); err != nil {
		return q, cli.Usagef("invalid last position '%s', try '1.2.3' or '-1'", operands[2])
	}
	return q, nil
}

// parseWalkPosition reads MAJOR[.MINOR[.INO]].
func parseWalkPosition(text string) (ioctl.InodeEntry, error) {
	var e ioctl.InodeEntry
	parts := strings.Split(text, ".")
	if len(parts) > 3 {
		return e, fmt.Errorf("%d parts", len(parts))
	}
	for i, part := range parts {
		if part == "" {
			return e, fmt.Errorf("part %d is empty", i+1)
		}
		v, err := values.ParseUint64(part)
		if err != nil {
			return e, err
		}
		switch i {
		case 0:
			e.Major = v
		case 1:
			if e.Minor = uint32(v); uint64(e.Minor) != v && v != 1<<64-1 {
				return e, fmt.Errorf("minor %d has more than 32 bits", v)
			}
		case 2:
			e.Ino = v
		}
	}
	return e, nil
}

func walkListing() listing[ioctl.InodeEntry] {
	return listing[ioctl.InodeEntry]{
		columns: []output.Column{
			{Name: "MAJOR", Right: true}, {Name: "MINOR", Right: true}, {Name: "INO", Right: true},
		},
		text: func(out *output.Writer, i int, e ioctl.InodeEntry) {
			if i%25 == 0 {
				out.Printf("%-20s %-20s %-10s %-20s\n", "#", "major", "minor", "ino")
			}
			out.Printf("%-20d %-20d %-10d %-20d\n", i, e.Major, e.Minor, e.Ino)
		},
		row: func(e ioctl.InodeEntry) []string {
			return []string{
				strconv.FormatUint(e.Major, 10),
				strconv.FormatUint(uint64(e.Minor), 10),
				strconv.FormatUint(e.Ino, 10),
			}
		},
		json: func(e ioctl.InodeEntry) any { return walkEntry(e) },
	}
}

// walkEntry is an entry of an inode index in JSON.
type walkEntry ioctl.InodeEntry

// AppendJSON implements output.Appender.
func (e walkEntry) AppendJSON(b []byte) ([]byte, error) {
	b = strconv.AppendUint(append(b, `{"major":`...), e.Major, 10)
	b = strconv.AppendUint(append(b, `,"minor":`...), uint64(e.Minor), 10)
	b = strconv.AppendUint(append(b, `,"ino":`...), e.Ino, 10)
	return append(b, '}'), nil
}
