//! Hosts and applications whose kind is known.

use std::sync::LazyLock;

use super::Channel;

/// `host<TAB>channel`, made from a maintained list.
const LISTED: &str = include_str!("../../data/referrers.tsv");

/// What that list lacks, or what we see otherwise. One line a channel; these come first.
const OWN: [(Channel, &str); 6] = [
    (
        Channel::Ai,
        "chatgpt.com chat.openai.com openai.com claude.ai anthropic.com perplexity.ai gemini.google.com bard.google.com notebooklm.google.com \
         aistudio.google.com copilot.microsoft.com copilot.cloud.microsoft copilot.com m365.cloud.microsoft deepseek.com chat.deepseek.com grok.com \
         x.ai mistral.ai chat.mistral.ai meta.ai poe.com you.com phind.com pi.ai character.ai huggingface.co kimi.ai kimi.com kimi.moonshot.cn \
         moonshot.cn qwen.ai chat.qwen.ai tongyi.aliyun.com doubao.com yiyan.baidu.com chatglm.cn z.ai chat.z.ai manus.im genspark.ai felo.ai \
         iask.ai andisearch.com komo.ai consensus.app elicit.com monica.im chat.lmsys.org lmarena.ai groq.com cohere.com jasper.ai writesonic.com \
         duck.ai lumo.proton.me alice.yandex.ru giga.chat hix.ai merlin.foyer.work liner.com getliner.com venice.ai t3.chat openrouter.ai cursor.com \
         com.openai.chatgpt com.anthropic.claude ai.perplexity.app.android com.google.android.apps.bard com.microsoft.copilot \
         com.deepseek.chat ai.x.grok ai.mistral.chat",
    ),
    (
        Channel::Search,
        "duckduckgo.com html.duckduckgo.com lite.duckduckgo.com noai.duckduckgo.com bing.com cn.bing.com ecosia.org qwant.com lite.qwant.com \
         startpage.com search.brave.com brave.com kagi.com mojeek.com mojeek.co.uk swisscows.com metager.org metager.de presearch.com presearch.org \
         searx.be searx.space searxng.org search.yahoo.com search.yahoo.co.jp yahoo.com yahoo.co.jp yandex.ru yandex.com yandex.by yandex.kz yandex.uz \
         yandex.com.tr ya.ru baidu.com m.baidu.com so.com sogou.com sm.cn toutiao.com so.toutiao.com search.naver.com m.search.naver.com naver.com \
         search.daum.net search.seznam.cz seznam.cz search.aol.com aol.com ask.com lycos.com dogpile.com search.lilo.org lilo.org oceanhero.today \
         gibiru.com yep.com stract.com marginalia-search.com gigablast.com goodsearch.com search.marginalia.nu infinitysearch.co ekoru.org youcare.world \
         search.becovi.com givero.com kiddle.co kidrex.org petalsearch.com coccoc.com rambler.ru nova.rambler.ru go.mail.ru search.walla.co.il \
         sapo.pt virgilio.it search.virgilio.it tiscali.it search.tiscali.it suche.t-online.de suche.web.de suche.gmx.net suche.gmx.de lemoteur.orange.fr \
         moteurrecherche.sfr.fr zapmeta.com excite.com webcrawler.com info.com wolframalpha.com freespoke.com wiby.me peekier.com qmamu.com tusk.com \
         com.google.android.googlequicksearchbox com.duckduckgo.mobile.android com.microsoft.bing com.ecosia.android ru.yandex.searchplugin \
         com.baidu.searchbox com.nhn.android.search",
    ),
    (
        Channel::Social,
        "facebook.com fb.com fb.me fb.watch messenger.com m.me instagram.com ig.me threads.net threads.com twitter.com t.co x.com linkedin.com lnkd.in \
         pinterest.com pinterest.fr pinterest.de pinterest.co.uk pinterest.es pinterest.it pinterest.ca pinterest.jp pin.it reddit.com redd.it \
         youtube.com youtu.be tiktok.com vt.tiktok.com snapchat.com tumblr.com t.umblr.com bsky.app go.bsky.app mastodon.social mastodon.online \
         mstdn.social mas.to fosstodon.org hachyderm.io infosec.exchange mamot.fr piaille.fr framapiaf.org social.vivaldi.net pixelfed.social lemmy.world \
         lemmy.ml kbin.social truthsocial.com gab.com parler.com minds.com nextdoor.com nextdoor.fr vk.com vkvideo.ru ok.ru weibo.com weibo.cn t.cn \
         xiaohongshu.com xhslink.com douyin.com kuaishou.com zhihu.com douban.com bilibili.com tieba.baidu.com mixi.jp line.me lin.ee band.us \
         story.kakao.com telegram.org telegram.me t.me web.telegram.org whatsapp.com web.whatsapp.com wa.me discord.com discordapp.com discord.gg \
         signal.org slack.com app.slack.com teams.microsoft.com skype.com web.skype.com viber.com quora.com stackoverflow.com stackexchange.com \
         superuser.com serverfault.com news.ycombinator.com lobste.rs producthunt.com medium.com flipboard.com getpocket.com diigo.com digg.com \
         mix.com scoop.it twitch.tv kick.com vimeo.com dailymotion.com rumble.com odysee.com soundcloud.com patreon.com meetup.com xing.com viadeo.com \
         strava.com goodreads.com letterboxd.com deviantart.com behance.net dribbble.com flickr.com 500px.com imgur.com 9gag.com taringa.net \
         hatenablog.com b.hatena.ne.jp note.com plurk.com ptt.cc disqus.com linktr.ee lnk.bio beacons.ai bio.link buffer.com hootsuite.com \
         com.facebook.katana com.facebook.lite com.facebook.orca com.instagram.android com.instagram.barcelona com.twitter.android com.linkedin.android \
         com.pinterest com.reddit.frontpage com.google.android.youtube com.zhiliaoapp.musically com.snapchat.android com.tumblr xyz.blueskyweb.app \
         org.joinmastodon.android org.telegram.messenger com.whatsapp com.discord com.slack com.vkontakte.android jp.naver.line.android com.microsoft.teams",
    ),
    (
        Channel::Mail,
        "mail.google.com gmail.com outlook.com outlook.live.com outlook.office.com outlook.office365.com outlook.cloud.microsoft hotmail.com mail.live.com \
         safelinks.protection.outlook.com mail.yahoo.com mail.yahoo.co.jp mail.aol.com mail.proton.me mail.protonmail.com account.proton.me \
         app.tuta.com mail.tutanota.com app.fastmail.com fastmail.com mail.zoho.com mail.zoho.eu mail.yandex.ru mail.yandex.com e.mail.ru mail.mail.ru \
         touch.mail.ru mail.rambler.ru mail.qq.com mail.163.com mail.126.com mail.naver.com mail.daum.net mail.orange.fr webmail.orange.fr \
         messagerie.orange.fr messagerie.laposte.net webmail.laposte.net laposte.net webmail.free.fr zimbra.free.fr webmail.sfr.fr messagerie.sfr.fr \
         webmail.bouyguestelecom.fr navigator.gmx.net navigator.web.de email.t-online.de mail.gmx.com icloud.com webmail.ionos.com webmail.ionos.fr \
         ex.mail.ovh.net webmail.mail.ovh.net mail.ovh.net pro1.mail.ovh.net roundcube.ovh.net webmail.gandi.net mail.infomaniak.com webmail.register.it \
         mail.virgilio.it mail.libero.it mail.tiscali.it email.seznam.cz poczta.onet.pl poczta.wp.pl poczta.interia.pl mail.bol.com.br mail.uol.com.br \
         app.hey.com mail.superhuman.com app.missiveapp.com front.com campaign-archive.com mailchi.mp list-manage.com sendinblue.com brevo.com \
         mailchimp.com click.mailerlite.com link.mail.beehiiv.com \
         com.google.android.gm com.microsoft.office.outlook com.yahoo.mobile.client.android.mail ch.protonmail.android com.fsck.k9 net.thunderbird.android \
         com.samsung.android.email.provider",
    ),
    (
        Channel::Campaign,
        "syndicatedsearch.goog googleadservices.com googlesyndication.com doubleclick.net adservice.google.com ads.google.com criteo.com taboola.com \
         outbrain.com",
    ),
    (
        Channel::Referral,
        "docs.google.com drive.google.com sites.google.com maps.google.com translate.google.com support.google.com accounts.google.com play.google.com \
         meet.google.com calendar.google.com classroom.google.com colab.research.google.com news.google.com groups.google.com blog.google \
         maps.bing.com webmaster.bing.com search.google.com analytics.google.com business.google.com finance.yahoo.com news.yahoo.com \
         news.yahoo.co.jp sports.yahoo.com github.com gitlab.com sourceforge.net developers.facebook.com business.facebook.com",
    ),
];

/// Host and channel, in order of hosts, our own before the listed.
static SITES: LazyLock<Vec<(&'static str, Channel)>> = LazyLock::new(|| {
    let own =
        OWN.iter().flat_map(|(channel, hosts)| hosts.split_ascii_whitespace().map(|host| (host, *channel)));
    let listed = LISTED.lines().filter_map(|line| line.split_once('\t'));
    let listed = listed.filter_map(|(host, channel)| Some((host, Channel::parse(channel)?)));
    let mut sites: Vec<_> = own.chain(listed).collect();
    // Stable: of two lines for one host the first stays.
    sites.sort_by_key(|(host, _)| *host);
    sites.dedup_by_key(|(host, _)| *host);
    sites
});

/// First labels under which a search engine's host is still a search: `m.`, `images.`, and countries (`fr.`).
const SEARCH_LABELS: [&str; 14] = [
    "m",
    "mobile",
    "amp",
    "images",
    "image",
    "img",
    "search",
    "ncr",
    "cse",
    "encrypted",
    "video",
    "wap",
    "web",
    "news",
];

fn listed(host: &str) -> Option<Channel> {
    let at = SITES.binary_search_by_key(&host, |(listed, _)| listed).ok()?;
    SITES.get(at).map(|(_, channel)| *channel)
}

/// The channel of a host (lower case, without `www.`) or of an application; `None`: not known.
pub(super) fn channel(host: &str) -> Option<Channel> {
    if let Some(channel) = listed(host).or_else(|| google(host)) {
        return Some(channel);
    }
    // Whatever stands under a known host is of its kind; but a search engine's other services are no searches.
    let mut rest = host;
    let mut first = "";
    while let Some((label, parent)) = rest.split_once('.') {
        if !parent.contains('.') {
            return None;
        }
        first = if first.is_empty() { label } else { first };
        match listed(parent) {
            Some(Channel::Search) => {
                let service = first.len() > 2 && !SEARCH_LABELS.contains(&first);
                let of_search = parent.matches('.').count() > 1 && parent.contains("search");
                return Some(if service && !of_search { Channel::Referral } else { Channel::Search });
            }
            Some(channel) => return Some(channel),
            None => rest = parent,
        }
    }
    None
}

/// Google in any country (`google.fr`, `google.co.uk`, `google.com.br`), and its picture search.
fn google(host: &str) -> Option<Channel> {
    let host = host.strip_prefix("images.").or_else(|| host.strip_prefix("cse.")).unwrap_or(host);
    let country = host.strip_prefix("google.")?;
    let country = country.strip_prefix("co.").or_else(|| country.strip_prefix("com.")).unwrap_or(country);
    let plain = country.len() <= 3 && country.bytes().all(|b| b.is_ascii_lowercase());
    (plain && country.len() >= 2).then_some(Channel::Search)
}

/// The channel of what `utm_source` names: a host, or the first part of a known one ("facebook", "linkedin").
pub(super) fn named(source: &str) -> Option<Channel> {
    if source.is_empty() {
        return None;
    }
    let source = source.strip_prefix("www.").unwrap_or(source);
    if source.contains('.') {
        return channel(source);
    }
    ["com", "ai", "net", "org"].iter().find_map(|end| listed(&format!("{source}.{end}"))).or(match source {
        "ig" | "fb" => Some(Channel::Social),
        "newsletter" | "email" | "mail" => Some(Channel::Mail),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_whole() {
        assert!(SITES.len() > 1000, "{}", SITES.len());
        assert!(SITES.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert!(LISTED.lines().all(|l| l.split_once('\t').is_some_and(|(_, c)| Channel::parse(c).is_some())));
        let count = |channel| SITES.iter().filter(|(_, c)| *c == channel).count();
        assert!(count(Channel::Search) > 400 && count(Channel::Social) > 150);
        assert!(count(Channel::Mail) > 80 && count(Channel::Ai) > 50);
    }

    #[test]
    fn hosts_under_known_hosts() {
        for (host, expected) in [
            ("google.co.uk", Some(Channel::Search)),
            ("google.com.br", Some(Channel::Search)),
            ("images.google.de", Some(Channel::Search)),
            ("google.evil.example", None),
            ("anything.google.com", None),
            ("fr.search.yahoo.com", Some(Channel::Search)),
            ("finance.yahoo.com", Some(Channel::Referral)),
            ("groups.yahoo.com", Some(Channel::Referral)),
            ("m.bing.com", Some(Channel::Search)),
            ("lm.facebook.com", Some(Channel::Social)),
            ("eur02.safelinks.protection.outlook.com", Some(Channel::Mail)),
            ("evilfacebook.com", None),
            ("com", None),
            ("", None),
        ] {
            assert_eq!(channel(host), expected, "{host}");
        }
        assert_eq!(named("linkedin"), Some(Channel::Social));
        assert_eq!(named("perplexity"), Some(Channel::Ai));
        assert_eq!(named("nobody"), None);
    }
}
