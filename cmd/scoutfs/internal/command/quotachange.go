// SPDX-License-Identifier: GPL-2.0-or-later

package command

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"scoutfs/cmd/scoutfs/internal/cli"
	"scoutfs/cmd/scoutfs/internal/errno"
	"scoutfs/engine/ioctl"
	"scoutfs/progress"
	"scoutfs/walk"
)

// ruleHelp explains the text of rules.
const ruleHelp = `A rule is

  PRIORITY VALUE,SOURCE,FLAG VALUE,SOURCE,FLAG VALUE,SOURCE,FLAG OP LIMIT FLAG

as quota-list writes it: SOURCE is L for a literal value, P, U or G for the
project, user or group, and its FLAG S applies the rule only where that has the
VALUE; OP is I for inodes or D for data, and the last FLAG is C to limit the
total's count. A dash is no flag. `

// checkQuotaPath makes sure that a volume was named: upstream's quota commands
// do not take the working directory.
func checkQuotaPath(cmd *cobra.Command, where *location) error {
	if !cmd.Flags().Changed(pathFlag) && !where.offline() {
		return cli.Usagef("must provide file path")
	}
	return nil
}

// newQuotaChange is a command that changes one rule.
func newQuotaChange(env *cli.Env, cmd *cobra.Command, change func(context.Context, ioctl.Target, ioctl.QuotaRule) error) *cobra.Command {
	where := location{}
	var text string
	cmd.GroupID = cli.GroupCore
	cmd.RunE = func(cmd *cobra.Command, operands []string) error {
		env.IgnoreOperands(operands)
		if err := checkQuotaPath(cmd, &where); err != nil {
			return err
		}
		if text == "" {
			return cli.Usagef("must provide rule string")
		}
		rule, err := parseQuotaRule(text)
		if err != nil {
			return err
		}
		ctx := cmd.Context()
		return where.ask(ctx, func(t ioctl.Target) error { return quotaChangeFailure(change(ctx, t, rule)) })
	}
	where.definePath(cmd)
	cmd.Flags().StringVarP(&text, "rule", "r", "", "the `RULE`; required")
	where.defineWriting(env, cmd)
	return cmd
}

func addQuotaRule(ctx context.Context, t ioctl.Target, r ioctl.QuotaRule) error {
	return t.AddQuotaRule(ctx, ioctl.AddQuotaRule{Rule: r})
}

func deleteQuotaRule(ctx context.Context, t ioctl.Target, r ioctl.QuotaRule) error {
	return t.DelQuotaRule(ctx, ioctl.DelQuotaRule{Rule: r})
}

func newQuotaAdd(env *cli.Env) *cobra.Command {
	return newQuotaChange(env, &cobra.Command{
		Use:   "quota-add",
		Short: "Add quota rule",
		Long: `Adds a quota rule. ` + ruleHelp + `Of the rules that apply to
an operation, the one with the highest priority decides.`,
		Example: `  scoutfs quota-add -p /mnt/archive -r '7 13,L,- 15,L,- 17,L,- I 33 -'`,
	}, addQuotaRule)
}

func newQuotaDel(env *cli.Env) *cobra.Command {
	return newQuotaChange(env, &cobra.Command{
		Use:     "quota-del",
		Short:   "Delete quota rule",
		Long:    `Deletes the quota rule that has exactly these fields. ` + ruleHelp,
		Example: `  scoutfs quota-del -p /mnt/archive -r '7 13,L,- 15,L,- 17,L,- I 33 -'`,
	}, deleteQuotaRule)
}

func newQuotaWipe(env *cli.Env) *cobra.Command {
	where := location{}
	var unsorted bool
	cmd := &cobra.Command{
		Use:     "quota-wipe",
		GroupID: cli.GroupCore,
		Short:   "Delete all quota rules",
		Long: `Deletes all quota rules. Save them before with quota-list, whose output
quota-restore takes.`,
		Example: `  scoutfs quota-list -p /mnt/archive > rules
  scoutfs quota-wipe -p /mnt/archive`,
		RunE: func(cmd *cobra.Command, operands []string) error {
			env.IgnoreOperands(operands)
			if err := checkQuotaPath(cmd, &where); err != nil {
				return err
			}
			ctx := cmd.Context()
			return where.ask(ctx, func(t ioctl.Target) error {
				var rules []ioctl.QuotaRule
				for r, err := range walk.QuotaRules(ctx, t) {
					if err != nil {
						return ioctlFailure(err, "GET_QUOTA_RULES ioctl failed")
					}
					rules = append(rules, r)
				}
				return changeRules(ctx, env, t, rules, unsorted, "delete", deleteQuotaRule)
			})
		},
	}
	where.definePath(cmd)
	cmd.Flags().BoolVarP(&unsorted, "unsorted", "U", false, "delete rules in the order in which the volume has them")
	where.defineWriting(env, cmd)
	return cmd
}

func newQuotaRestore(env *cli.Env) *cobra.Command {
	where := location{}
	var unsorted bool
	cmd := &cobra.Command{
		Use:     "quota-restore",
		GroupID: cli.GroupCore,
		Short:   "Restore quota rules from the standard input",
		Long: `Adds the quota rules that the standard input has, one in each line. ` + ruleHelp + `
All lines are read before the first rule is added. It stops at a rule that
cannot be added, such as one that there is already. When it is interrupted it
deletes again what it added, so that the same rules can be restored later.`,
		Example: `  scoutfs quota-restore -p /mnt/archive < rules`,
		RunE: func(cmd *cobra.Command, operands []string) error {
			env.IgnoreOperands(operands)
			if err := checkQuotaPath(cmd, &where); err != nil {
				return err
			}
			rules, err := readRules(env)
			if err != nil {
				return err
			}
			ctx := cmd.Context()
			return where.ask(ctx, func(t ioctl.Target) error {
				added := 0
				err := changeRules(ctx, env, t, rules, unsorted, "add", func(ctx context.Context, t ioctl.Target, r ioctl.QuotaRule) error {
					err := addQuotaRule(ctx, t, r)
					if err == nil {
						added++
					}
					return err
				})
				if _, interrupted := errors.AsType[*cli.Interrupted](err); interrupted {
					return errors.Join(err, takeBack(context.WithoutCancel(ctx), t, rules[:added]))
				}
				return err
			})
		},
	}
	where.definePath(cmd)
	cmd.Flags().BoolVarP(&unsorted, "unsorted", "U", false, "add rules in the order of the lines")
	where.defineWriting(env, cmd)
	return cmd
}

// takeBack deletes rules that were added, the last one first.
func takeBack(ctx context.Context, t ioctl.Target, added []ioctl.QuotaRule) error {
	for _, r := range slices.Backward(added) {
		if err := deleteQuotaRule(ctx, t, r); err != nil {
			return cli.Failf(err, "Failed to delete following rule again:\n    %s\nError: %s", quotaText(r), errno.Text(err))
		}
	}
	return nil
}

// readRules reads rules from the standard input.
func readRules(env *cli.Env) (rules []ioctl.QuotaRule, err error) {
	lines := bufio.NewScanner(env.Stdin)
	for n := 1; lines.Scan(); n++ {
		rule, err := parseQuotaRule(lines.Text())
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		rules = append(rules, rule)
	}
	if err := lines.Err(); err != nil {
		return nil, cli.Failf(err, "failed to read the standard input: %s", errno.Text(err))
	}
	return rules, nil
}

// changeRules adds or deletes rules, the ones that are tried first in front.
func changeRules(ctx context.Context, env *cli.Env, t ioctl.Target, rules []ioctl.QuotaRule, unsorted bool, verb string,
	change func(context.Context, ioctl.Target, ioctl.QuotaRule) error,
) error {
	if !unsorted {
		slices.SortStableFunc(rules, func(a, b ioctl.QuotaRule) int { return b.Compare(a) })
	}
	env.Progress().Phase(verb+" rules", progress.Items, int64(len(rules)))
	for _, r := range rules {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		if err := change(ctx, t, r); err != nil {
			var request *ioctl.Error
			if !errors.As(err, &request) {
				return err
			}
			detail := ""
			if _, more, found := strings.Cut(quotaChangeFailure(err).Error(), "\n"); found {
				detail = "\n" + more
			}
			return cli.Failf(err, "Failed to %s following rule:\n    %s\nError: %s (%d)%s",
				verb, quotaText(r), errno.String(request.Errno), int(request.Errno), detail)
		}
		env.Progress().Add(1)
	}
	return nil
}
