"""Words of four languages for worlds that are made by chance. Nobody is meant by any of them."""

from __future__ import annotations


def _words(text: str) -> list[str]:
    return text.split()


ENGLISH = _words("""
the a convoy trucks bridge harbour morning report witness road camera satellite image footage verified
unverified geolocated archive source office ministry spokesperson statement village market school hospital
engineer pipeline river dam border crossing train station factory warehouse permit contract invoice ledger
company director court hearing evidence document page photograph shadow direction north south east west
yesterday tomorrow evening night crowd street fire smoke alarm repair electricity water fuel price harvest
rain flood storm forecast minister council
""")
RUSSIAN = _words("""
колонна грузовиков мост порт утро сообщение свидетель дорога камера спутник снимок съёмка подтверждено архив
источник ведомство представитель заявление посёлок рынок школа больница инженер трубопровод река плотина
граница переход поезд станция завод склад разрешение договор счёт книга компания директор суд заседание
документ страница фотография тень направление север юг восток запад вчера завтра вечер ночь улица пожар дым
тревога ремонт электричество вода топливо цена урожай дождь наводнение буря прогноз министр совет жители ещё
объём приём звёзды берёза лёд мёд ёлка
""")
ARABIC = _words("""
رتل شاحنات جسر ميناء صباح تقرير شاهد طريق كاميرا صورة لقطات موثقة أرشيف مصدر مكتب وزارة متحدث بيان قرية سوق
مدرسة مستشفى مهندس أنبوب نهر سد حدود معبر قطار محطة مصنع مخزن تصريح عقد فاتورة شركة مدير محكمة جلسة دليل
وثيقة صفحة ظل اتجاه شمال جنوب شرق غرب أمس غدا مساء ليل شارع حريق دخان إنذار إصلاح كهرباء ماء وقود سعر حصاد
مطر فيضان عاصفة توقعات مجلس سكان محافظة قضاء ناحية بغداد الديوانية البصرة العراق الطريق السريع لوجستي دعم
""")
FRENCH = _words("""
le la convoi camions pont port matin rapport témoin route caméra satellite image séquence vérifiée archive
source bureau ministère porte-parole déclaration village marché école hôpital ingénieur oléoduc rivière
barrage frontière passage train gare usine entrepôt permis contrat facture registre société directeur
tribunal audience preuve document page photographie ombre direction nord sud est ouest hier demain soir nuit
rue incendie fumée alerte réparation électricité eau carburant prix récolte pluie crue tempête prévision
ministre conseil habitants été hiver logistique
""")
LANGUAGES = (ENGLISH, RUSSIAN, ARABIC, FRENCH)
TAGS = ("#convoy", "#verified", "#Заречье", "#العراق", "#logistique", "#archive", "#weather", "#порт")
SITES = ("https://example.org/report/", "https://news.example.net/2021/", "https://example.com/a?id=")
