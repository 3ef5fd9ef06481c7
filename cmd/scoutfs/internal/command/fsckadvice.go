// SPDX-License-Identifier: GPL-2.0-or-later

package command

import (
	"fmt"
	"strings"

	"scoutfs/fsck"
	"scoutfs/fsck/problem"
)

// next returns what to do next: commands with what they are for, each a
// sentence without a full stop.
func (f *fsckRun) next(s *fsck.Summary, failed error) []string {
	var advice []string
	say := func(format string, args ...any) { advice = append(advice, fmt.Sprintf(format, args...)) }
	devices := strings.TrimSpace(shellWord(f.paths[metaDevice]) + " " + shellWord(f.paths[dataDevice]))
	switch {
	case failed != nil:
		say("check again: scoutfs fsck %s", devices)
	case s.Count(problem.Fatal) > 0:
		say("look at the super block: scoutfs print --block 1 --raw %s", shellWord(f.paths[metaDevice]))
	case !s.Clean():
		if blkno, ok := firstBlock(s); ok {
			say("look at a damaged block: scoutfs print --block %d %s", blkno, shellWord(f.paths[metaDevice]))
		}
		if s.Count(problem.Error) > 0 && f.has("extract") && s.WithData {
			say("copy the files out while they can be read: scoutfs extract --meta-device %s --data-device %s / FOLDER",
				shellWord(f.paths[metaDevice]), shellWord(f.paths[dataDevice]))
		}
		if !f.options.verbose && s.Count(problem.Error)+s.Count(problem.Warning) > uint64(fsckFewCases) {
			say("list all cases: scoutfs fsck --verbose %s", devices)
		}
	case !s.WithData:
		say("check the data device too: scoutfs fsck %s DATA-DEVICE", devices)
	case !f.options.ReadData:
		say("nothing has to be done; to see whether all file data can be read: scoutfs fsck --read-data %s", devices)
	}
	return advice
}

// has reports whether the program has a command.
func (f *fsckRun) has(command string) bool {
	cmd, _ := f.env.Program().Find([]string{command})
	return cmd != nil
}

// firstBlock returns a metadata block with a problem that print can show.
func firstBlock(s *fsck.Summary) (blkno uint64, ok bool) {
	for i := range s.Tallies {
		if s.Tallies[i].Severity == problem.Note {
			continue
		}
		for _, c := range s.Tallies[i].Cases {
			if p := &c.Place; p.Device == problem.MetaDevice && p.InTree && p.Blocks == 1 {
				return p.Blkno, true
			}
		}
	}
	return 0, false
}

// shellWord writes a word so that a shell reads it as one.
func shellWord(word string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("/._-+,:@%", r)
	}
	if strings.IndexFunc(word, func(r rune) bool { return !plain(r) }) < 0 {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
