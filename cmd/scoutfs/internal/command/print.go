// SPDX-License-Identifier: GPL-2.0-or-later

package command

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"scoutfs/cmd/scoutfs/internal/cli"
	"scoutfs/cmd/scoutfs/internal/errno"
	"scoutfs/cmd/scoutfs/internal/output"
	"scoutfs/cmd/scoutfs/internal/values"
	"scoutfs/engine/device"
	"scoutfs/engine/format"
	"scoutfs/print"
)

// maxProblems is how many problems are shown one by one.
const maxProblems = 1000

// printCommand is one run of print.
type printCommand struct {
	env      *cli.Env
	options  print.Options
	keys     string
	block    uint64
	raw      bool
	given    func(option string) bool
	problems uint64
}

func newPrint(env *cli.Env) *cobra.Command {
	p := &printCommand{env: env}
	cmd := &cobra.Command{
		Use:     "print META-DEV",
		GroupID: cli.GroupDebug,
		Short:   "Print metadata structures",
		Long: `Prints the structures and items of the volume on a metadata device, in
upstream's text or, with --output jsonl, one JSON object a line. The device is
only read and not claimed, so that a mounted volume can be looked at too.

Damaged structures are printed as far as they can be read. Each problem is
named on the standard error, and the exit status is then 1. If the volume is
written meanwhile, blocks that have been overwritten are left out and counted
at the end; print again, or print an unmounted volume, for a whole picture.`,
		Example: `  scoutfs print /dev/mapper/meta
  scoutfs print -S meta.img
  scoutfs print --inode 1 meta.img
  scoutfs print --tree fs_root --keys 16.1024..16.2047.255 --output jsonl meta.img
  scoutfs print --block 1028 --raw meta.img`,
		RunE: func(cmd *cobra.Command, operands []string) error {
			p.given = cmd.Flags().Changed
			return p.run(cmd.Context(), operands)
		},
	}
	flags := cmd.Flags()
	flags.BoolVarP(&p.options.SkipLikelyHuge, "skip-likely-huge", "S", false, "skip large structures to minimize output size")
	flags.StringArrayVar(&p.options.Select.Trees, "tree", nil,
		"print only the btree `NAME`: "+strings.Join(print.TreeNames(), ", ")+
			"; the last three take :RID or :RID.NR for one mount's log trees; repeatable")
	flags.StringVar(&p.keys, "keys", "", "print only the items with keys in `FROM..TO`, both included; missing fields of a key are 0, no TO is the greatest key")
	flags.Var(values.Uint64(&p.options.Select.Ino), "inode", "print only the items of inode `NUMBER`")
	flags.Var(values.Uint64(&p.block), "block", "print only the 64 KiB block `BLKNO`, whatever refers to it")
	flags.BoolVar(&p.raw, "raw", false, "with --block: print the block's bytes too")
	cli.Reports(cmd, output.JSONL)
	cli.Extension(cmd, "tree", "keys", "inode", "block", "raw")
	return cmd
}

func (p *printCommand) run(ctx context.Context, operands []string) error {
	path, err := p.arguments(operands)
	if err != nil {
		return err
	}
	meta, err := openForPrint(path)
	if err != nil {
		return cli.Failf(err, "failed to open '%s': %s", path, errno.Text(err))
	}
	result, err := p.print(ctx, meta)
	if closeErr := meta.Close(); err == nil {
		err = closeErr
	}
	if errors.Is(err, print.ErrDataDevice) {
		return cli.Failf(err, "**** Printing from data device is not allowed ****")
	}
	if err != nil {
		return err
	}
	return p.verdict(result)
}

func (p *printCommand) arguments(operands []string) (string, error) {
	switch {
	case len(operands) > 1:
		return "", cli.Usagef("more than one argument given")
	case len(operands) == 0:
		return "", cli.Usagef("no metadata device argument given")
	case p.raw && !p.given("block"):
		return "", cli.Usagef("--raw needs --block")
	case p.given("block") && (p.given("keys") || p.given("inode") || p.given("tree")):
		return "", cli.Usagef("--block cannot be combined with other selections")
	case p.options.SkipLikelyHuge && (p.given("block") || p.given("keys") || p.given("inode") || p.given("tree")):
		return "", cli.Usagef("-S cannot be combined with a selection")
	case p.given("inode") && p.options.Select.Ino == 0:
		return "", cli.Usagef("there is no inode 0")
	}
	if p.env.Output().Form() == output.JSONL {
		p.options.Format = print.JSONL
		if p.raw {
			return "", cli.Usagef("--raw is text, it cannot be combined with --output jsonl")
		}
	}
	if p.given("keys") {
		keys, err := parseKeys(p.keys)
		if err != nil {
			return "", cli.Usagef("%s", err)
		}
		p.options.Select.Keys = &keys
	}
	if err := p.options.Select.Validate(); err != nil {
		return "", cli.Usagef("%s", err)
	}
	p.options.Problem = p.problem
	return operands[0], nil
}

// parseKeys reads FROM..TO, or one key.
func parseKeys(text string) (format.Range, error) {
	from, to, isRange := strings.Cut(text, "..")
	keys := format.AllKeys()
	var err error
	if from != "" || !isRange {
		if keys.Start, err = format.ParseKey(from); err != nil {
			return format.Range{}, err
		}
	}
	switch {
	case !isRange:
		keys.End = keys.Start
	case to != "":
		if keys.End, err = format.ParseKey(to); err != nil {
			return format.Range{}, err
		}
	}
	if keys.End.Less(keys.Start) {
		return format.Range{}, fmt.Errorf("key range '%s' ends before it starts", text)
	}
	return keys, nil
}

// openForPrint opens without a claim. Block devices are read past the page
// cache, which on this machine may hold what another one has overwritten.
func openForPrint(path string) (device.Device, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	return device.Open(path, device.Options{Shared: true, Direct: !info.Mode().IsRegular()})
}

func (p *printCommand) print(ctx context.Context, meta device.Device) (print.Result, error) {
	if p.given("block") {
		return print.Block(ctx, meta, p.env.Output(), p.block,
			print.BlockOptions{Format: p.options.Format, Raw: p.raw, Problem: p.problem})
	}
	return print.Volume(ctx, meta, p.env.Output(), p.options)
}

// problem shows a problem. A badly damaged volume can have millions, which
// nobody reads; JSON lines have them all.
func (p *printCommand) problem(err error) {
	p.problems++
	switch {
	case p.problems <= maxProblems:
		p.env.Warnf("%s", err)
	case p.problems == maxProblems+1:
		p.env.Warnf("further problems are only counted")
	}
}

// verdict turns what the print found into the command's outcome.
func (p *printCommand) verdict(result print.Result) error {
	damage := result.Problems - result.Overwritten
	switch {
	case result.Overwritten > 0:
		p.env.Warnf("the volume was written while it was being printed: blocks that had been overwritten are left out, with all that they lead to (%d)", result.Overwritten)
	case result.Changed:
		p.env.Warnf("the volume was written while it was being printed: the output shows it as it was at the start")
	}
	switch {
	case damage > 0:
		return cli.Failf(syscall.EIO, "problems found: %d", damage)
	case result.Overwritten > 0:
		return cli.Failf(syscall.EAGAIN, "the print is incomplete")
	}
	return nil
}
