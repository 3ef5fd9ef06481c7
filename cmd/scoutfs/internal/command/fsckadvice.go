// SPDX-License-Identifier: GPL-2.0-or-later

package command

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"scoutfs/fsck"
	"scoutfs/fsck/problem"
)

// fsckAdvice is a command to run next, and what it is for: a sentence without
// a full stop.
type fsckAdvice struct {
	What    string `json:"what"`
	Command string `json:"command"`
}

// next returns what to do next.
func (f *fsckRun) next(s *fsck.Summary, failed error) []fsckAdvice {
	advice := []fsckAdvice{}
	say := func(what string, command ...string) {
		words := []string{"scoutfs"}
		for _, word := range command {
			words = append(words, shellWord(word))
		}
		advice = append(advice, fsckAdvice{what, strings.Join(words, " ")})
	}
	meta, data := f.paths[metaDevice], f.paths[dataDevice]
	devices := slices.DeleteFunc([]string{meta, data}, func(path string) bool { return path == "" })
	again := func(options ...string) []string { return slices.Concat([]string{"fsck"}, options, devices) }
	switch {
	case errors.Is(failed, fsck.ErrWritten) && !f.options.Live:
		say("the volume is in use, check it again as such", again("--live")...)
	case failed != nil:
		say("check again", again()...)
	case s.Has(problem.MetaSuperFlag) > 0 && s.Has(problem.DataSuperFlag) > 0:
		say("if the two devices were exchanged", "fsck", data, meta)
	case s.Volume == nil:
		say("look at the first blocks of the device", "print", "--block", "1", "--raw", meta)
	case !s.Clean():
		if has(s, problem.QuorumSlotFamily, problem.QuorumNoSlots) {
			say("write the quorum slots anew", "change-quorum-config", "--offline", "-Q", "NR,ADDR,PORT", meta)
		}
		if has(s, problem.DataSuperFormatVersion, problem.DataSuperFormatVersion) {
			say("complete the change of the format version", "change-format-version", "--offline", meta, data)
		}
		if blkno, ok := firstBlock(s); ok {
			say("look at a block that has a problem", "print", "--block", strconv.FormatUint(blkno, 10), meta)
		}
		if s.WithData && f.has("extract") && concernsFiles(s) {
			say("copy the files out before anything is changed", "extract", "--meta-device", meta, "--data-device", data, "/", "FOLDER")
		}
		if !f.options.verbose && !f.env.Output().Form().Machine() && notShown(s) {
			say("see all cases", again("--verbose")...)
		}
	case !s.WithData:
		say("check the data device too", "fsck", meta, "DATA-DEVICE")
	case !f.options.ReadData:
		say("nothing has to be done; this also reads the contents of all files", again("--read-data")...)
	}
	return advice
}

// has reports whether problems with numbers from first to last were found.
func has(s *fsck.Summary, first, last problem.Number) bool {
	return slices.ContainsFunc(s.Tallies, func(t fsck.Tally) bool { return t.Number >= first && t.Number <= last })
}

// concernsFiles reports whether there are errors beyond supers and quorum.
func concernsFiles(s *fsck.Summary) bool {
	return slices.ContainsFunc(s.Tallies, func(t fsck.Tally) bool {
		return t.Severity >= problem.Error && t.Number >= problem.BlockReference
	})
}

// notShown reports whether the summary does not have all cases.
func notShown(s *fsck.Summary) bool {
	return slices.ContainsFunc(s.Tallies, func(t fsck.Tally) bool { return t.Count > uint64(len(t.Cases)) })
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
